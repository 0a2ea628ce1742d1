#include <mote/layers/dense.hpp>
#include <mote/optimizers/sgd.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

/// One weight and one bias.
using net = network<input<1>, dense<1>>;

/// What weight and bias are after each of three steps with the gradients 1, -0.5, 2, from 2 and 3.
template <class Optimizer>
std::array<std::array<double, 2>, 3> three_steps(const Optimizer& optimizer) {
  parameters<net, double> weights{};
  gradients<net, double> slopes{};
  typename Optimizer::template state<net> state{};
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
    CHECK(support::close(found[step][0], expected[step][0], 1e-12));
    CHECK(support::close(found[step][1], expected[step][1], 1e-12));
  }
}

} // namespace

TEST_CASE("sgd: w -= rate g", "[optimizers][sgd]") {
  check(three_steps(sgd<double>{0.1}), {{{1.9, 2.9}, {1.95, 2.95}, {1.75, 2.75}}});
}

TEST_CASE("sgd: weights decay, biases do not", "[optimizers][sgd]") {
  // w = 2 - 0.1 (1 + 0.2 * 2) = 1.86; 1.86 - 0.1 (-0.5 + 0.372) = 1.8728;
  // 1.8728 - 0.1 (2 + 0.37456) = 1.635344.
  check(three_steps(sgd<double>{0.1, 0.2}), {{{1.86, 2.9}, {1.8728, 2.95}, {1.635344, 2.75}}});
}

TEST_CASE("sgd with momentum: by hand", "[optimizers][sgd]") {
  // v = 1, 0.9 - 0.5 = 0.4, 0.36 + 2 = 2.36; the weight and the bias move by a tenth of it.
  check(three_steps(momentum_sgd<double>{0.1, 0.9}), {{{1.9, 2.9}, {1.86, 2.86}, {1.624, 2.624}}});
}

TEST_CASE("sgd with momentum: Nesterov looks ahead", "[optimizers][sgd]") {
  // Steps g + 0.9 v: 1 + 0.9 = 1.9, -0.5 + 0.36 = -0.14, 2 + 2.124 = 4.124.
  check(three_steps(momentum_sgd<double>{0.1, 0.9, 0.0, true}),
        {{{1.81, 2.81}, {1.824, 2.824}, {1.4116, 2.4116}}});
}

TEST_CASE("sgd with momentum: decay enters the velocity of weights", "[optimizers][sgd]") {
  // Slopes g + 0.5 w: 2; w = 2 - 0.2 = 1.8: -0.5 + 0.9 = 0.4, v = 1.8 + 0.4 = 2.2, w = 1.58:
  // 2 + 0.79 = 2.79, v = 1.98 + 2.79 = 4.77, w = 1.103.
  check(three_steps(momentum_sgd<double>{0.1, 0.9, 0.5}),
        {{{1.8, 2.9}, {1.58, 2.86}, {1.103, 2.624}}});
  // With Nesterov: steps 2 + 1.8 = 3.8, w = 1.62; slope 0.31, v = 2.11, step 0.31 + 1.899 = 2.209,
  // w = 1.3991; slope 2.69955, v = 4.59855, step 6.838245, w = 0.7152755.
  check(three_steps(momentum_sgd<double>{0.1, 0.9, 0.5, true}),
        {{{1.62, 2.81}, {1.3991, 2.824}, {0.7152755, 2.4116}}});
}

TEST_CASE("sgd: every parameter moves by its own gradient", "[optimizers][sgd]") {
  using wide = network<input<3>, dense<5>, dense<2>>;
  parameters<wide> before{};
  parameters<wide> after{};
  parameters<wide> slopes{};
  support::noise random;
  random.fill(before);
  random.fill(slopes);
  after = before;
  gradients<wide> gradient{};
  visit_tensors<wide>([](auto, const field&, const auto& from, auto& to) { to = from; }, slopes,
                      gradient);
  sgd<>::state<wide> state{};
  sgd<>{0.5f}.update(after, gradient, state);
  std::size_t moved = 0;
  visit_tensors<wide>(
      [&](auto, const field&, const auto& old, const auto& now, const auto& slope) {
        for (std::size_t i = 0; i < old.size; ++i) {
          CHECK(now[i] == old[i] - 0.5f * slope[i]);
          moved += now[i] != old[i] ? 1 : 0;
        }
      },
      before, after, slopes);
  CHECK(moved == 3 * 5 + 5 + 5 * 2 + 2);
}

TEST_CASE("sgd: without memory its state is empty", "[optimizers][sgd]") {
  CHECK(std::is_empty_v<sgd<>::state<net>>);
  CHECK(sizeof(momentum_sgd<>::state<net>) == sizeof(parameters<net>));
}
