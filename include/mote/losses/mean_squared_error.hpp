#pragma once

#include <mote/core/tensor.hpp>

#include <concepts>
#include <cstddef>
#include <span>

namespace mote {

/// Mean over batch and outputs of (y - t)^2; d loss / dy = 2 (y - t) / (rows outputs).
struct mean_squared_error {
  static constexpr const char* name = "mean squared error";

  /// Returns the loss of `outputs` against targets of the same shape. Writes its gradient unless
  /// `gradient` is `none`. Requires targets.rows == outputs.rows > 0.
  template <class T, std::size_t Size, class Gradient = none>
  static constexpr T evaluate(batch_view<const T, Size> outputs, batch_view<const T, Size> targets,
                              Gradient gradient = {}) {
    return sum_of_squares(outputs, gradient,
                          [&](std::size_t row, std::size_t i) { return targets[row][i]; });
  }

  /// The same against the one-hot codes of class labels.
  template <class T, std::size_t Size, std::integral Label, class Gradient = none>
  static constexpr T evaluate(batch_view<const T, Size> outputs, std::span<const Label> labels,
                              Gradient gradient = {}) {
    return sum_of_squares(outputs, gradient, [&](std::size_t row, std::size_t i) {
      return static_cast<std::size_t>(labels[row]) == i ? T{1} : T{0};
    });
  }

private:
  template <class T, std::size_t Size, class Gradient, class Target>
  static constexpr T sum_of_squares(batch_view<const T, Size> outputs, Gradient gradient,
                                    Target target) {
    const T share = T{1} / static_cast<T>(outputs.rows * Size);
    T total{0};
    for (std::size_t row = 0; row < outputs.rows; ++row) {
      for (std::size_t i = 0; i < Size; ++i) {
        const T difference = outputs[row][i] - target(row, i);
        total += difference * difference;
        if constexpr (!is_none<Gradient>) {
          gradient[row][i] = T{2} * share * difference;
        }
      }
    }
    return total * share;
  }
};

} // namespace mote
