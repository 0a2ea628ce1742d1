#pragma once

#include <mote/core/math.hpp>
#include <mote/core/tensor.hpp>

#include <concepts>
#include <cstddef>
#include <span>

namespace mote {

/// Cross-entropy of softmax(logits) with the true classes, averaged over the batch:
/// loss = mean of log(sum_j e^z_j) - z_label; d loss / dz = (softmax(z) - onehot(label)) / rows
/// (Goodfellow et al., "Deep Learning", 2016, equation 6.31). The largest logit is subtracted
/// first, so that nothing overflows. The network ends in its logits; it has no softmax layer.
struct softmax_cross_entropy {
  static constexpr const char* name = "softmax cross-entropy";

  /// Returns the loss of `logits` [rows][classes]. Writes its gradient unless `gradient` is `none`.
  /// Requires labels.size() == logits.rows > 0 and labels below the number of classes.
  template <class T, std::size_t Classes, std::integral Label, class Gradient = none>
  static constexpr T evaluate(batch_view<const T, Classes> logits, std::span<const Label> labels,
                              Gradient gradient = {}) {
    const T share = T{1} / static_cast<T>(logits.rows);
    T total{0};
    for (std::size_t row = 0; row < logits.rows; ++row) {
      const auto z = logits[row];
      const auto label = static_cast<std::size_t>(labels[row]);
      T largest = z[0];
      for (const T value : z) {
        largest = value > largest ? value : largest;
      }
      T sum{0};
      for (const T value : z) {
        sum += math::exp(value - largest);
      }
      total += math::log(sum) + largest - z[label];
      if constexpr (!is_none<Gradient>) {
        const auto slope = gradient[row];
        for (std::size_t c = 0; c < Classes; ++c) {
          slope[c] = share * (math::exp(z[c] - largest) / sum - (c == label ? T{1} : T{0}));
        }
      }
    }
    return total * share;
  }
};

} // namespace mote
