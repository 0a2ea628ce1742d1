#include <mote/core/passes.hpp>
#include <mote/layers/batch_norm.hpp>
#include <mote/layers/conv2d.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/relu.hpp>
#include <mote/losses/mean_squared_error.hpp>
#include <mote/optimizers/sgd.hpp>
#include <mote/training/statistics.hpp>
#include <mote/training/trainer.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include "../catch.hpp"
#include "../support.hpp"

using namespace mote;

TEST_CASE("batch_norm in training normalizes by the batch", "[layers][batch_norm]") {
  // Two channels: 1, 3, 5, 7 with mean 4 and variance 5, and 2 four times with variance 0.
  support::subject<network<input<2, 1, 2>, batch_norm>, double, 2> all;
  auto& p = get<0>(all.weights);
  p.scale.values = {2, 3};
  p.offset.values = {1, -1};
  const auto y = all.template forward<isa::generic>({1, 2, 3, 2, 5, 2, 7, 2});
  for (std::size_t i = 0; i < 4; ++i) {
    const double u = (2.0 * static_cast<double>(i) - 3.0) /
                     std::sqrt(5.0 + static_cast<double>(batch_norm::epsilon));
    CHECK(support::close(y[2 * i], 2.0 * u + 1.0, 1e-12));
    CHECK(y[2 * i + 1] == -1.0);
  }
}

TEST_CASE("gradients of batch_norm", "[layers][batch_norm]") {
  const auto check = []<class Net, std::size_t Batch>(std::type_identity<Net>,
                                                      std::integral_constant<std::size_t, Batch>) {
    const auto worst = support::check_network<Net, Batch>();
    CAPTURE(worst.layer, worst.tensor, worst.element, worst.analytic, worst.numeric);
    CHECK(worst.relative_error < 1e-6);
  };
  constexpr std::integral_constant<std::size_t, 5> five{};
  check(std::type_identity<network<input<3>, batch_norm>>{}, five);
  check(std::type_identity<network<input<3, 2, 4>, batch_norm>>{}, five);
  check(std::type_identity<network<input<4>, dense<3>, batch_norm, dense<2>>>{}, five);
  check(std::type_identity<network<input<4, 4, 2>, conv2d<3, 3>, batch_norm>>{},
        std::integral_constant<std::size_t, 2>{});
}

TEST_CASE("running statistics move a tenth of the way per batch", "[layers][batch_norm]") {
  using net = network<input<1>, batch_norm>;
  support::subject<net, double, 4> all;
  initialize(all.weights, all.random);
  CHECK(get<0>(all.weights).scale[0] == 1.0);
  CHECK(get<0>(all.weights).mean[0] == 0.0);
  CHECK(get<0>(all.weights).variance[0] == 1.0);
  all.template forward<isa::generic>({1, 3, 5, 7});
  all.template backward<isa::generic>({0, 0, 0, 0});
  update_statistics(all.weights, all.slopes);
  CHECK(support::close(get<0>(all.weights).mean[0], 0.4, 1e-15));
  // The unbiased variance is 20 / 3.
  CHECK(support::close(get<0>(all.weights).variance[0], 0.9 + 0.1 * 20.0 / 3.0, 1e-15));
}

TEST_CASE("the trainer keeps the statistics, and optimizers leave them alone",
          "[layers][batch_norm]") {
  using net = network<input<2>, dense<3>, batch_norm>;
  auto all = std::make_unique<trainer<net, mean_squared_error, sgd<float>, 4>>(
      sgd<float>{.learning_rate = 0.0f, .weight_decay = 0.5f}, 1);
  support::noise random;
  random.fill(all->workspace.input().elements());
  static constexpr std::array<float, 12> targets{};
  const auto before = get<1>(all->parameters);
  all->step(4, batch_view<const float, 3>{targets.data(), 4});
  const auto& after = get<1>(all->parameters);
  CHECK(after.scale.values == before.scale.values);
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(after.mean[c] == 0.1f * get<1>(all->gradients).mean[c]);
    CHECK(after.mean[c] != 0.0f);
  }
}

TEST_CASE("inference folds batch_norm into the layer before it", "[layers][batch_norm]") {
  using net = network<input<6, 6, 2>, conv2d<4, 3>, dropout<20>, batch_norm, relu, flatten,
                      dense<5, initializers::he, bias::none>, batch_norm, dense<3>>;
  using folded = inference_network<net>;
  STATIC_REQUIRE(
      std::is_same_v<folded, network<input<6, 6, 2>, fused<conv2d<4, 3>, relu>, flatten,
                                     dense<5, initializers::he, bias::learned>, dense<3>>>);
  CHECK(support::folds_into_the_same<net, isa::generic>(1e-12));
}

TEST_CASE("batch_norm that follows no weights stays", "[layers][batch_norm]") {
  using net = network<input<4>, batch_norm, relu, dense<2>>;
  STATIC_REQUIRE(std::is_same_v<inference_network<net>, net>);
}
