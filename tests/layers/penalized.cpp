#include <mote/layers/dense.hpp>
#include <mote/layers/frozen.hpp>
#include <mote/layers/penalized.hpp>
#include <mote/layers/tanh.hpp>
#include <mote/losses/mean_squared_error.hpp>
#include <mote/optimizers/sgd.hpp>
#include <mote/quantization/quantize.hpp>
#include <mote/training/trainer.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <memory>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

using elastic = penalized<dense<4>, l1<1, 10>, l2<1, 5>>;
using net = network<input<3>, elastic, mote::tanh, penalized<dense<2>, l2<1, 2>>>;
using plain = network<input<3>, dense<4>, mote::tanh, dense<2>>;

} // namespace

TEST_CASE("penalties by hand", "[layers][penalized]") {
  // W = [1 -2; 0 4], b = [10 20]: sum |w| = 7, sum w^2 = 21. With rates 1/10 and 1/5 the penalty
  // is 0.7 + 2.1; the slopes are 0.1 sign(w) + 0.2 w.
  using single = network<input<2>, penalized<dense<2>, l1<1, 10>, l2<1, 5>>>;
  support::subject<single, double> all;
  get<0>(all.weights).weights.values = {1, -2, 0, 4};
  get<0>(all.weights).bias.values = {10, 20};
  CHECK(support::close(penalty(all.weights), 2.8, 1e-15));
  all.forward<isa::generic>({1, 0});
  const auto dx = all.backward<isa::generic>({1, 2});
  CHECK(dx == std::array<double, 2>{1, 6}); // W^T dy: the input's gradient knows of no penalty
  // dW without penalties is dy x^T = [1 0; 2 0].
  const std::array<double, 4> expected{1 + 0.1 + 0.2, -0.1 - 0.4, 2, 0.1 + 0.8};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(support::close(get<0>(all.slopes).weights[i], expected[i], 1e-15));
  }
  CHECK(get<0>(all.slopes).bias.values == std::array<double, 2>{1, 2});
}

TEST_CASE("penalties add up over the layers, and others have none", "[layers][penalized]") {
  parameters<net, double> weights{};
  get<0>(weights).weights[0] = -3.0; // 0.3 + 0.9
  get<2>(weights).weights[7] = 2.0;  // 1
  CHECK(support::close(penalty(weights), 2.2, 1e-15));
  CHECK(penalty(parameters<plain, double>{}) == 0.0);
}

TEST_CASE("penalized: gradients of loss and penalty together against differences",
          "[layers][penalized]") {
  // No weight is nearer to 0, where |w| has its kink, than 0.1.
  auto all = std::make_unique<support::subject<net, double, 3>>();
  support::noise random;
  visit_tensors<net>(
      [&](auto, const field&, auto& tensor) {
        for (std::size_t i = 0; i < tensor.size; ++i) {
          tensor[i] = random.between(0.1, 1.0) * (i % 2 == 0 ? 1.0 : -1.0);
        }
      },
      all->weights);
  std::array<double, 9> x{};
  std::array<double, 6> targets{};
  random.fill(std::span<double>{x});
  random.fill(std::span<double>{targets});
  const batch_view<const double, 2> wanted{targets.data(), 3};
  const auto cost = [&] {
    const auto y = all->forward<isa::generic>(x);
    return mean_squared_error::evaluate(batch_view<const double, 2>{y.data(), 3}, wanted) +
           penalty(all->weights);
  };
  const auto y = all->forward<isa::generic>(x);
  std::array<double, 6> slope{};
  mean_squared_error::evaluate(batch_view<const double, 2>{y.data(), 3}, wanted,
                               batch_view<double, 2>{slope.data(), 3});
  all->backward<isa::generic>(slope);
  double worst = 0.0;
  visit_tensors<net>(
      [&](auto, const field&, auto& tensor, const auto& slopes) {
        for (std::size_t i = 0; i < tensor.size; ++i) {
          const double original = tensor[i];
          tensor[i] = original + 1e-5;
          const double above = cost();
          tensor[i] = original - 1e-5;
          const double below = cost();
          tensor[i] = original;
          const double numeric = (above - below) / 2e-5;
          worst = std::max(worst, std::fabs(numeric - slopes[i]) /
                                      std::max({std::fabs(numeric), std::fabs(slopes[i]), 1e-3}));
        }
      },
      all->weights, all->slopes);
  CAPTURE(worst);
  CHECK(worst < 1e-6);
}

TEST_CASE("l2 does to sgd what weight decay does", "[layers][penalized]") {
  using rated =
      network<input<3>, penalized<dense<4>, l2<1, 4>>, mote::tanh, penalized<dense<2>, l2<1, 4>>>;
  trainer<rated, mean_squared_error, sgd<>, 1> a{{0.5f}, 1};
  trainer<plain, mean_squared_error, sgd<>, 1> b{{0.5f, 0.25f}, 1};
  const std::array<float, 2> targets{3.0f, 4.0f};
  for (int step = 0; step < 3; ++step) {
    for (std::size_t i = 0; i < 3; ++i) {
      a.workspace.input().data[i] = b.workspace.input().data[i] = static_cast<float>(i) - 0.5f;
    }
    a.step(1, batch_view<const float, 2>{targets.data(), 1});
    b.step(1, batch_view<const float, 2>{targets.data(), 1});
  }
  CHECK(get<0>(a.parameters).weights.values == get<0>(b.parameters).weights.values);
  CHECK(get<2>(a.parameters).bias.values == get<2>(b.parameters).bias.values);
}

TEST_CASE("l1 makes weights that nothing needs vanish", "[layers][penalized]") {
  using lasso = network<input<2>, penalized<dense<1>, l1<1, 10>>>;
  trainer<lasso, mean_squared_error, sgd<>, 4> all{{0.05f}, 1};
  // The target is the first input; the second is noise.
  const std::array<float, 4> targets{1.0f, -1.0f, 1.0f, -1.0f};
  const std::array<float, 8> x{1.0f, 1.0f, -1.0f, 1.0f, 1.0f, -1.0f, -1.0f, -1.0f};
  for (int step = 0; step < 500; ++step) {
    std::copy(x.begin(), x.end(), all.workspace.input().data);
    all.step(4, batch_view<const float, 1>{targets.data(), 4});
  }
  // The minimum of (w - 1)^2 + |w| / 10 is at 0.95; of w^2 + |w| / 10 at 0, give or take a step.
  CHECK(support::close(get<0>(all.parameters).weights[0], 0.95f, 1e-3f));
  CHECK(support::close(get<0>(all.parameters).weights[1], 0.0f, 0.006f));
}

TEST_CASE("penalized: inference and int8 see the layer itself", "[layers][penalized]") {
  CHECK(std::is_same_v<quantized<net>, quantized<plain>>);
  CHECK(sizeof(parameters<net>) == sizeof(parameters<plain>));
}

TEST_CASE("penalized: frozen in either order it does not learn", "[layers][penalized]") {
  using a = network<input<2>, frozen<penalized<dense<1>, l2<1>>>>;
  using b = network<input<2>, penalized<frozen<dense<1>>, l2<1>>>;
  CHECK(a::layer<0>::is_frozen);
  CHECK(b::layer<0>::is_frozen);
}

TEST_CASE("penalized: in the compiler", "[layers][penalized]") {
  constexpr float cost = [] {
    parameters<net> weights{};
    get<0>(weights).weights[0] = -3.0f;
    return penalty(weights);
  }();
  static_assert(support::close(cost, 1.2f, 1e-6f));
}
