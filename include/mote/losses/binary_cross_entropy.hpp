#pragma once

#include <mote/core/math.hpp>
#include <mote/losses/elementwise.hpp>

#include <concepts>
#include <cstddef>
#include <span>

namespace mote {

/// Cross-entropy of independent yes-or-no outputs sigmoid(z), from their logits z, with targets t
/// in [0, 1], averaged over batch and outputs:
/// loss = mean of -t log s(z) - (1 - t) log(1 - s(z)); d loss / dz = (s(z) - t) / (rows outputs).
/// Computed as max(z, 0) - z t + log(1 + e^-|z|), which neither overflows nor cancels (PyTorch's
/// BCEWithLogitsLoss). The network ends in its logits; it has no sigmoid layer at its end.
struct binary_cross_entropy : elementwise_loss<binary_cross_entropy> {
  static constexpr const char* name = "binary cross-entropy";

  template <class T>
  static constexpr T value(T z, T t) {
    const T positive = z > T{0} ? z : T{0};
    return positive - z * t + math::log1p(math::exp(-math::absolute(z)));
  }
  template <class T>
  static constexpr T slope(T z, T t) {
    return math::sigmoid(z) - t;
  }

  using elementwise_loss<binary_cross_entropy>::evaluate;

  /// A single output is told 0 or 1 by its label.
  template <class T, std::integral Label, class Gradient = none>
  static constexpr T evaluate(batch_view<const T, 1> logits, std::span<const Label> labels,
                              Gradient gradient = {}) {
    return total(logits, gradient, [&](std::size_t row, std::size_t) {
      return labels[row] != Label{0} ? T{1} : T{0};
    });
  }
};

} // namespace mote
