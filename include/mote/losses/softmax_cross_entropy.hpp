#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/math.hpp>
#include <mote/core/tensor.hpp>
#include <mote/core/vector_math.hpp>
#include <mote/kernels/generic/elementwise.hpp>
#include <mote/kernels/vector/elementwise.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <span>

namespace mote {

/// Cross-entropy of softmax(logits) with targets that are smoothed: each target t becomes
/// (1 - a) t + a / classes with a = Numerator / Denominator (Szegedy et al., "Rethinking the
/// Inception Architecture for Computer Vision", 2016, section 7). Averaged over the batch:
/// loss = mean of sum_c t_c (log(sum_j e^z_j) - z_c); d loss / dz = (softmax(z) sum_c t_c - t) /
/// rows. The largest logit is subtracted first, so that nothing overflows. The network ends in its
/// logits; it has no softmax layer.
template <std::size_t Numerator, std::size_t Denominator = 100>
struct softmax_cross_entropy_smoothed {
  static_assert(Numerator < Denominator,
                "mote::softmax_cross_entropy_smoothed: the smoothing must be below 1");
  static constexpr const char* name = "smoothed softmax cross-entropy";

  /// Returns the loss of `logits` [rows][classes]. Writes its gradient unless `gradient` is `none`.
  /// Requires labels.size() == logits.rows > 0 and labels below the number of classes.
  template <class T, std::size_t Classes, std::integral Label, class Gradient = none>
  static constexpr T evaluate(batch_view<const T, Classes> logits, std::span<const Label> labels,
                              Gradient gradient = {}) {
    return mean(logits, gradient, [&](std::size_t row) {
      return [label = static_cast<std::size_t>(labels[row])](std::size_t c) {
        return c == label ? T{1} : T{0};
      };
    });
  }

  /// The same against one share per class, that is one-hot or soft targets. Requires
  /// targets.rows == logits.rows > 0.
  template <class T, std::size_t Classes, class Gradient = none>
  static constexpr T evaluate(batch_view<const T, Classes> logits,
                              batch_view<const T, Classes> targets, Gradient gradient = {}) {
    return mean(logits, gradient, [&](std::size_t row) {
      return [shares = targets[row]](std::size_t c) { return shares[c]; };
    });
  }

private:
  struct power {
    static constexpr bool applies_to_vectors = true;
    template <class T>
    static constexpr T apply(T x) {
      return math::exp(x);
    }
  };
  /// Classes whose powers are taken at a time: as many as any register holds, and where there are
  /// such registers no fewer, for what is left over would take longer.
  static constexpr std::size_t block = 16;
  template <class T>
  static constexpr bool at_once = isa::has_registers<isa::native>&& std::same_as<T, float>;

  template <class T, std::size_t Classes, class Gradient, class Targets>
  static constexpr T mean(batch_view<const T, Classes> logits, Gradient gradient, Targets targets) {
    constexpr T smoothing = static_cast<T>(Numerator) / static_cast<T>(Denominator);
    const T share = T{1} / static_cast<T>(logits.rows);
    T total{0};
    for (std::size_t row = 0; row < logits.rows; ++row) {
      const auto z = logits[row];
      const auto wanted = [target = targets(row)](std::size_t c) {
        return (T{1} - smoothing) * target(c) + smoothing / static_cast<T>(Classes);
      };
      T largest = z[0];
      for (const T value : z) {
        largest = value > largest ? value : largest;
      }
      T sum{0};
      T weight{0};
      T below_largest{0}; // sum of t_c (z_max - z_c): no term is negative, so nothing cancels
      for (std::size_t first = 0; first < Classes; first += block) {
        const std::size_t count = std::min(block, Classes - first);
        std::array<T, block> powers{};
        for (std::size_t i = 0; i < count; ++i) {
          powers[i] = z[first + i] - largest;
        }
        kernels::elementwise<isa::native>::forward<power>(at_once<T> ? block : count, powers.data(),
                                                          powers.data());
        for (std::size_t i = 0; i < count; ++i) {
          const std::size_t c = first + i;
          const T below = largest - z[c];
          if constexpr (!is_none<Gradient>) {
            gradient[row][c] = powers[i]; // for the slopes; this may be the memory of the logits
          }
          sum += powers[i];
          weight += wanted(c);
          below_largest += wanted(c) == T{0} ? T{0} : wanted(c) * below;
        }
      }
      total += weight * math::log(sum) + below_largest;
      if constexpr (!is_none<Gradient>) {
        const auto slope = gradient[row];
        for (std::size_t c = 0; c < Classes; ++c) {
          slope[c] = share * (weight * (slope[c] / sum) - wanted(c));
        }
      }
    }
    return total * share;
  }
};

/// Cross-entropy of softmax(logits) with the true classes, averaged over the batch:
/// loss = mean of log(sum_j e^z_j) - z_label; d loss / dz = (softmax(z) - onehot(label)) / rows
/// (Goodfellow et al., "Deep Learning", 2016, equation 6.31). Also takes soft targets.
struct softmax_cross_entropy : softmax_cross_entropy_smoothed<0> {
  static constexpr const char* name = "softmax cross-entropy";
};

} // namespace mote
