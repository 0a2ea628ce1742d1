// What the tests of optimizers have in common: one weight and one bias that take three steps.
#pragma once

#include <mote/layers/dense.hpp>

#include <array>
#include <cmath>
#include <cstddef>

#include "../catch.hpp"
#include "../support.hpp"

namespace support {

using one_weight = mote::network<mote::input<1>, mote::dense<1>>;
using step_values = std::array<std::array<double, 2>, 3>;

/// What weight and bias are after each of three steps with the gradients 1, -0.5, 2, from 2 and 3.
template <class Optimizer>
constexpr step_values three_steps(const Optimizer& optimizer) {
  using T = decltype(Optimizer::learning_rate);
  mote::parameters<one_weight, T> weights{};
  mote::gradients<one_weight, T> slopes{};
  typename Optimizer::template state<one_weight> state{};
  mote::get<0>(weights).weights[0] = T(2);
  mote::get<0>(weights).bias[0] = T(3);
  step_values result{};
  const std::array<T, 3> gradient{T(1), T(-0.5), T(2)};
  for (std::size_t step = 0; step < 3; ++step) {
    mote::get<0>(slopes).weights[0] = gradient[step];
    mote::get<0>(slopes).bias[0] = gradient[step];
    optimizer.update(weights, slopes, state);
    result[step] = {static_cast<double>(mote::get<0>(weights).weights[0]),
                    static_cast<double>(mote::get<0>(weights).bias[0])};
  }
  return result;
}

inline void check_steps(const step_values& found, const step_values& expected,
                        double tolerance = 1e-13) {
  for (std::size_t step = 0; step < 3; ++step) {
    CAPTURE(step);
    CHECK(close(found[step][0], expected[step][0], tolerance));
    CHECK(close(found[step][1], expected[step][1], tolerance));
  }
}

} // namespace support
