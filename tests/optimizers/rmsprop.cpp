#include <mote/optimizers/rmsprop.hpp>

#include "steps.hpp"

using namespace mote;

// The expected values are those of the formula in decimal arithmetic of 40 digits.

TEST_CASE("rmsprop: the first steps by hand", "[optimizers][rmsprop]") {
  // With a smoothing of 3/4 and epsilon 1/8 the mean square is 1/4 after the gradient 1: a step of
  // 0.1 / (1/2 + 1/8) = 0.16. With -0.5 it is 3/16 + 1/16 = 1/4 again: 0.05 / 0.625 = 0.08 back.
  // With 2 it is 3/16 + 1.
  rmsprop<double> optimizer{0.1};
  optimizer.smoothing = 0.75;
  optimizer.epsilon = 0.125;
  const double third = 1.92 - 0.2 / (std::sqrt(1.1875) + 0.125);
  support::check_steps(support::three_steps(optimizer),
                       {{{1.84, 2.84}, {1.92, 2.92}, {third, third + 1.0}}});
  CHECK(support::close(third, 1.755353645075598, 1e-14));
}

TEST_CASE("rmsprop: with its defaults", "[optimizers][rmsprop]") {
  support::check_steps(support::three_steps(rmsprop<double>{0.1}),
                       {{{1.00000009999999, 2.00000009999999},
                         {1.44901331474435, 2.44901331474435},
                         {0.5742736859927251, 1.574273685992725}}});
}

TEST_CASE("rmsprop: weights decay, biases do not", "[optimizers][rmsprop]") {
  support::check_steps(support::three_steps(rmsprop<double>{0.1, 0.5}),
                       {{{1.000000049999997, 2.00000009999999},
                         {1.000000037437026, 2.44901331474435},
                         {0.2160814189135053, 1.574273685992725}}});
}

TEST_CASE("rmsprop: float agrees with double, and the compiler with both",
          "[optimizers][rmsprop]") {
  support::check_steps(support::three_steps(rmsprop<float>{0.1f}),
                       support::three_steps(rmsprop<double>{0.1}), 2e-6);
  static constexpr rmsprop<float> optimizer{0.1f, 0.5f};
  static constexpr auto compiled = support::three_steps(optimizer);
  CHECK(support::three_steps(optimizer) == compiled);
}

TEST_CASE("rmsprop: a gradient of zero moves nothing", "[optimizers][rmsprop]") {
  parameters<support::one_weight> weights{};
  get<0>(weights).weights[0] = 2.0f;
  const auto before = weights;
  rmsprop<>::state<support::one_weight> state{};
  rmsprop<>{}.update(weights, gradients<support::one_weight>{}, state);
  CHECK(support::same_parameters<support::one_weight>(before, weights));
}
