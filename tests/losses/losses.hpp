// What the tests of losses have in common.
#pragma once

#include <mote/core/tensor.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "../catch.hpp"
#include "../support.hpp"

namespace support {

/// A loss and its gradient against targets of the outputs' shape.
template <class Loss, class T, std::size_t Size, std::size_t Rows>
struct evaluated {
  T loss;
  std::array<T, Rows * Size> gradient{};

  evaluated(const std::array<T, Rows * Size>& outputs, const std::array<T, Rows * Size>& targets) {
    const mote::batch_view<const T, Size> view{outputs.data(), Rows};
    const mote::batch_view<const T, Size> wanted{targets.data(), Rows};
    loss = Loss::evaluate(view, wanted, mote::batch_view<T, Size>{gradient.data(), Rows});
    CHECK(Loss::evaluate(view, wanted) == loss); // asked for alone
  }
};

/// Outputs in [-3, 3] against targets in [0, 1] that add up to 1, as soft targets do.
template <std::size_t Size, std::size_t Rows>
struct drawn {
  std::array<double, Rows * Size> outputs{};
  std::array<double, Rows * Size> targets{};

  drawn() {
    noise random{9};
    random.fill(std::span<double>{outputs}, -3.0, 3.0);
    random.fill(std::span<double>{targets}, 0.0, 1.0);
    for (std::size_t row = 0; row < Rows && Size > 1; ++row) {
      double sum = 0.0;
      for (std::size_t i = 0; i < Size; ++i) {
        sum += targets[row * Size + i];
      }
      for (std::size_t i = 0; i < Size; ++i) {
        targets[row * Size + i] /= sum;
      }
    }
  }
};

/// Compares the gradient with differences, relatively. `adjust(outputs, targets)` may move them
/// away from kinks.
template <class Loss, std::size_t Size, std::size_t Rows, class Adjust>
void check_loss_gradient(Adjust adjust) {
  drawn<Size, Rows> point;
  adjust(point.outputs, point.targets);
  const evaluated<Loss, double, Size, Rows> got(point.outputs, point.targets);
  constexpr double step = 1e-5;
  for (std::size_t i = 0; i < point.outputs.size(); ++i) {
    auto above = point.outputs;
    auto below = point.outputs;
    above[i] += step;
    below[i] -= step;
    const double slope = (evaluated<Loss, double, Size, Rows>(above, point.targets).loss -
                          evaluated<Loss, double, Size, Rows>(below, point.targets).loss) /
                         (2.0 * step);
    CAPTURE(i, slope);
    CHECK(close(got.gradient[i], slope, 1e-6 * std::max(std::fabs(slope), 1e-3)));
  }
}

template <class Loss, std::size_t Size, std::size_t Rows>
void check_loss_gradient() {
  check_loss_gradient<Loss, Size, Rows>([](auto&, auto&) {});
}

template <class Loss>
void check_loss_float_against_double(double tolerance) {
  const drawn<6, 20> wide_point;
  std::array<float, 120> outputs{};
  std::array<float, 120> targets{};
  const auto narrow = [](double x) { return static_cast<float>(x); };
  std::transform(wide_point.outputs.begin(), wide_point.outputs.end(), outputs.begin(), narrow);
  std::transform(wide_point.targets.begin(), wide_point.targets.end(), targets.begin(), narrow);
  const evaluated<Loss, float, 6, 20> got(outputs, targets);
  const evaluated<Loss, double, 6, 20> wide(wide_point.outputs, wide_point.targets);
  CHECK(close(static_cast<double>(got.loss), wide.loss, tolerance));
  for (std::size_t i = 0; i < 120; ++i) {
    CHECK(close(static_cast<double>(got.gradient[i]), wide.gradient[i], tolerance));
  }
}

/// The loss of one row (1/2, -1) against (0, 1/4), while compiling.
template <class Loss>
constexpr float compiled_loss() {
  const std::array<float, 2> outputs{0.5f, -1.0f};
  const std::array<float, 2> targets{0.0f, 0.25f};
  std::array<float, 2> gradient{};
  const mote::batch_view<const float, 2> view{outputs.data(), 1};
  const mote::batch_view<const float, 2> wanted{targets.data(), 1};
  return Loss::evaluate(view, wanted, mote::batch_view<float, 2>{gradient.data(), 1});
}

} // namespace support
