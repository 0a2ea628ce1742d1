// The loss of text 000.
#pragma once

#include <mote/core/tensor.hpp>

#include <cmath>
#include <cstddef>

namespace seeds {

/// x ** 2 of a Python number: the C library's pow, which once in a while rounds to the other
/// neighbour than x * x. The exponent is hidden from compilers, because they make it x * x.
inline double squared(double x) {
  const volatile double two = 2;
  return std::pow(x, two);
}

/// (prediction - goal)^2, summed over outputs and batch. As its slope the text takes
/// delta = prediction - goal, which is half the derivative; the 2 goes into the learning rate.
struct squared_error {
  static constexpr const char* name = "squared error";

  template <std::size_t Size, class Gradient = mote::none>
  static double evaluate(mote::batch_view<const double, Size> predictions,
                         mote::batch_view<const double, Size> goals, Gradient gradient = {}) {
    double error = 0;
    for (std::size_t row = 0; row < predictions.rows; ++row) {
      for (std::size_t i = 0; i < Size; ++i) {
        const double delta = predictions[row][i] - goals[row][i];
        error += squared(delta);
        if constexpr (!mote::is_none<Gradient>) {
          gradient[row][i] = delta;
        }
      }
    }
    return error;
  }
};

} // namespace seeds
