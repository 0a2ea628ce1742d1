#include <mote/optimizers/adagrad.hpp>

#include "steps.hpp"

using namespace mote;

// The expected values are those of the formula in decimal arithmetic of 40 digits.

TEST_CASE("adagrad: the first steps", "[optimizers][adagrad]") {
  // Sums of squares 1, 1.25, 5.25: steps of 0.1 / 1, -0.05 / sqrt(1.25), 0.2 / sqrt(5.25).
  adagrad<double> optimizer{0.1};
  optimizer.epsilon = 0.0;
  const double second = 1.9 + 0.05 / std::sqrt(1.25);
  const double third = second - 0.2 / std::sqrt(5.25);
  support::check_steps(support::three_steps(optimizer),
                       {{{1.9, 2.9}, {second, second + 1.0}, {third, third + 1.0}}});
  support::check_steps(support::three_steps(adagrad<double>{0.1}),
                       {{{1.90000000001, 2.90000000001},
                         {1.944721359555996, 2.944721359555996},
                         {1.857434203465408, 2.857434203465408}}});
}

TEST_CASE("adagrad: weights decay, biases do not", "[optimizers][adagrad]") {
  support::check_steps(support::three_steps(adagrad<double>{0.1, 0.5}),
                       {{{1.900000000005, 2.90000000001},
                         {1.87804878049376, 2.944721359555996},
                         {1.796029771734846, 2.857434203465408}}});
}

TEST_CASE("adagrad: float agrees with double, and the compiler with both",
          "[optimizers][adagrad]") {
  support::check_steps(support::three_steps(adagrad<float>{0.1f, 0.5f}),
                       support::three_steps(adagrad<double>{0.1, 0.5}), 1e-6);
  static constexpr adagrad<float> optimizer{0.1f, 0.5f};
  static constexpr auto compiled = support::three_steps(optimizer);
  CHECK(support::three_steps(optimizer) == compiled);
}

TEST_CASE("adagrad: a gradient of zero moves nothing", "[optimizers][adagrad]") {
  parameters<support::one_weight> weights{};
  get<0>(weights).weights[0] = 2.0f;
  const auto before = weights;
  adagrad<>::state<support::one_weight> state{};
  adagrad<>{}.update(weights, gradients<support::one_weight>{}, state);
  CHECK(support::same_parameters<support::one_weight>(before, weights));
}
