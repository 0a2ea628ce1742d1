// The common part of losses that compare each output with its own target.
#pragma once

#include <mote/core/requirements.hpp>
#include <mote/core/tensor.hpp>

#include <concepts>
#include <cstddef>
#include <span>

namespace mote {

/// Base of such a loss. `Self` defines
///   `value(y, t)`: what output y costs when t was wanted;
///   `slope(y, t)`: its derivative by y.
/// The loss is the mean over the batch of the sum over the outputs, or over both the mean unless
/// `Self` redeclares `sums_outputs = true`.
template <class Self>
struct elementwise_loss {
  static constexpr bool sums_outputs = false;

  /// Returns the loss of `outputs` against targets of the same shape. Writes its gradient unless
  /// `gradient` is `none`. Requires targets.rows == outputs.rows > 0.
  template <class T, std::size_t Size, class Gradient = none>
  static constexpr T evaluate(batch_view<const T, Size> outputs, batch_view<const T, Size> targets,
                              Gradient gradient = {}) {
    return total(outputs, gradient,
                 [&](std::size_t row, std::size_t i) { return targets[row][i]; });
  }

  /// The same against the one-hot codes of class labels.
  template <class T, std::size_t Size, std::integral Label, class Gradient = none>
  static constexpr T evaluate(batch_view<const T, Size> outputs, std::span<const Label> labels,
                              Gradient gradient = {}) {
    return total(outputs, gradient, [&](std::size_t row, std::size_t i) {
      return static_cast<std::size_t>(labels[row]) == i ? T{1} : T{0};
    });
  }

protected:
  /// `target(row, i)` is what output i of a row should have been.
  template <class T, std::size_t Size, class Gradient, class Target>
  static constexpr T total(batch_view<const T, Size> outputs, Gradient gradient, Target target) {
    constexpr bool has_value = requires(T y) {
      Self::value(y, y);
    };
    constexpr bool has_slope = requires(T y) {
      Self::slope(y, y);
    };
    static_assert(detail::require<has_value, Self, lacks::value_of_output_and_target>);
    static_assert(detail::require < has_slope || is_none<Gradient>, Self,
                  lacks::slope_of_output_and_target >);
    const T share = T{1} / static_cast<T>(outputs.rows * (Self::sums_outputs ? 1 : Size));
    T sum{0};
    for (std::size_t row = 0; row < outputs.rows; ++row) {
      for (std::size_t i = 0; i < Size; ++i) {
        const T y = outputs[row][i];
        const T t = target(row, i);
        sum += Self::value(y, t);
        if constexpr (!is_none<Gradient>) {
          gradient[row][i] = share * Self::slope(y, t);
        }
      }
    }
    return sum * share;
  }
};

} // namespace mote
