#include <mote/layers/dense.hpp>
#include <mote/optimizers/adam.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <span>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

/// One weight and one bias.
using net = network<input<1>, dense<1>>;

/// What weight and bias are after each of three steps with the gradients 1, -0.5, 2, from 2 and 3.
std::array<std::array<double, 2>, 3> three_steps(const adam<double>& optimizer) {
  parameters<net, double> weights{};
  gradients<net, double> slopes{};
  adam<double>::state<net> state{};
  get<0>(weights).weights[0] = 2.0;
  get<0>(weights).bias[0] = 3.0;
  std::array<std::array<double, 2>, 3> result{};
  const std::array<double, 3> gradient{1.0, -0.5, 2.0};
  for (std::size_t step = 0; step < 3; ++step) {
    get<0>(slopes).weights[0] = gradient[step];
    get<0>(slopes).bias[0] = gradient[step];
    optimizer.update(weights, slopes, state);
    result[step] = {get<0>(weights).weights[0], get<0>(weights).bias[0]};
  }
  return result;
}

void check(const std::array<std::array<double, 2>, 3>& found,
           const std::array<std::array<double, 2>, 3>& expected) {
  for (std::size_t step = 0; step < 3; ++step) {
    CAPTURE(step);
    CHECK(support::close(found[step][0], expected[step][0], 1e-13));
    CHECK(support::close(found[step][1], expected[step][1], 1e-13));
  }
}

} // namespace

// The expected values are those of the papers' algorithms in decimal arithmetic of 40 digits.

TEST_CASE("adam: without decay weights and biases move alike", "[optimizers][adam]") {
  check(three_steps({0.1}), {{{1.900000001000000, 2.900000001000000},
                              {1.873366297370903, 2.873366297370903},
                              {1.807555137842803, 2.807555137842803}}});
}

TEST_CASE("adam: the first steps by hand", "[optimizers][adam]") {
  // With rates 1/2 and 3/4 and epsilon 1/8 the corrected moments are, after the first gradient,
  // 0.5 / 0.5 = 1 and 0.25 / 0.25 = 1: a step of 0.1 / 1.125. After the second the mean is
  // 0.25 - 0.25 = 0: no step.
  adam<double> optimizer{0.1};
  optimizer.beta1 = 0.5;
  optimizer.beta2 = 0.75;
  optimizer.epsilon = 0.125;
  check(three_steps(optimizer), {{{2.0 - 0.1 / 1.125, 3.0 - 0.1 / 1.125},
                                  {2.0 - 0.1 / 1.125, 3.0 - 0.1 / 1.125},
                                  {1.837766274924374, 2.837766274924374}}});
}

TEST_CASE("adam: decoupled decay shrinks the weights alone", "[optimizers][adam]") {
  check(three_steps({0.1, 0.5}), {{{1.800000001000000, 2.900000001000000},
                                   {1.683366297320903, 2.873366297370903},
                                   {1.533386822926758, 2.807555137842803}}});
}

TEST_CASE("adam: decay in the gradient goes through the moments", "[optimizers][adam]") {
  adam<double> optimizer{0.1, 0.5};
  optimizer.decay = decay::in_gradient;
  check(three_steps(optimizer), {{{1.900000000500000, 2.900000001000000},
                                  {1.818287550449551, 2.873366297370903},
                                  {1.729691701785306, 2.807555137842803}}});
}

TEST_CASE("adam: the first step is as long as the rate, whatever the gradient's size",
          "[optimizers][adam]") {
  using wide = network<input<3>, dense<5>, dense<2>>;
  parameters<wide> before{};
  support::noise random;
  random.fill(before);
  auto after = before;
  gradients<wide> slopes{};
  visit_tensors<wide>(
      [&](auto, const field&, auto& slope) {
        for (std::size_t i = 0; i < slope.size; ++i) {
          const float sign = i % 2 == 0 ? 1.0f : -1.0f;
          slope[i] = sign * std::pow(10.0f, random.between(-3.0f, 3.0f));
        }
      },
      slopes);
  adam<>::state<wide> state{};
  adam<>{0.25f}.update(after, slopes, state);
  std::size_t compared = 0;
  visit_tensors<wide>(
      [&](auto, const field&, const auto& old, const auto& now, const auto& slope) {
        for (std::size_t i = 0; i < old.size; ++i) {
          const float step = slope[i] > 0.0f ? -0.25f : 0.25f;
          CHECK(support::close(now[i] - old[i], step, 1e-5f));
          ++compared;
        }
      },
      before, after, slopes);
  CHECK(compared == 3 * 5 + 5 + 5 * 2 + 2);
}

TEST_CASE("adam: a gradient of zero moves nothing", "[optimizers][adam]") {
  parameters<net> weights{};
  get<0>(weights).weights[0] = 2.0f;
  const auto before = weights;
  const gradients<net> slopes{};
  adam<>::state<net> state{};
  adam<>{}.update(weights, slopes, state);
  CHECK(support::same_parameters<net>(before, weights));
}
