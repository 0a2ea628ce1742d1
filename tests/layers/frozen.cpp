#include <mote/core/report.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/frozen.hpp>
#include <mote/layers/prelu.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/tanh.hpp>
#include <mote/losses/mean_squared_error.hpp>
#include <mote/optimizers/adam.hpp>
#include <mote/optimizers/sgd.hpp>
#include <mote/quantization/quantize.hpp>
#include <mote/training/trainer.hpp>

#include <array>
#include <cstddef>
#include <span>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

using thawed = network<input<3>, dense<4>, mote::tanh, dense<2>>;
using first = network<input<3>, frozen<dense<4>>, mote::tanh, dense<2>>;
using last = network<input<3>, dense<4>, mote::tanh, frozen<dense<2>>>;

template <std::size_t Index, class Parameters>
bool same_layer(const Parameters& a, const Parameters& b) {
  return get<Index>(a).weights.values == get<Index>(b).weights.values &&
         get<Index>(a).bias.values == get<Index>(b).bias.values;
}

/// Trains five steps and says which of the dense layers changed.
template <class Net, class Optimizer>
std::array<bool, 2> changed_layers(const Optimizer& optimizer) {
  trainer<Net, mean_squared_error, Optimizer, 2> all{optimizer, 1};
  const auto before = all.parameters;
  const std::array<float, 4> targets{1.0f, -1.0f, 0.5f, 0.25f};
  for (int step = 0; step < 5; ++step) {
    support::noise random{2};
    random.fill(all.workspace.input().elements());
    all.step(2, batch_view<const float, 2>{targets.data(), 2});
  }
  return {!same_layer<0>(before, all.parameters), !same_layer<2>(before, all.parameters)};
}

} // namespace

TEST_CASE("frozen: optimizers pass the layer by, decay and all", "[layers][frozen]") {
  const auto check = [](const auto& optimizer) {
    INFO(optimizer.name);
    CHECK(changed_layers<thawed>(optimizer) == std::array{true, true});
    CHECK(changed_layers<first>(optimizer) == std::array{false, true});
    CHECK(changed_layers<last>(optimizer) == std::array{true, false});
  };
  check(sgd<>{0.1f, 0.1f});
  check(momentum_sgd<>{0.1f, 0.9f, 0.1f});
  check(adam<>{0.1f, 0.1f});
}

TEST_CASE("frozen: initialize fills the layer with the same weights", "[layers][frozen]") {
  parameters<thawed> expected{};
  parameters<last> got{};
  random_source generator{1};
  random_source again{1};
  initialize(expected, generator);
  initialize(got, again);
  CHECK(get<2>(got).weights.values == get<2>(expected).weights.values);
  CHECK(get<2>(got).weights[0] != 0.0f);
}

TEST_CASE("frozen: trained parameters are taken over by assignment", "[layers][frozen]") {
  parameters<thawed> trained{};
  support::noise random;
  random.fill(trained);
  parameters<first> taken{};
  get<0>(taken) = get<0>(trained);
  CHECK(get<0>(taken).weights.values == get<0>(trained).weights.values);
}

TEST_CASE("frozen: the gradient flows through the layer", "[layers][frozen]") {
  const auto worst = support::check_network<last, 3>();
  CHECK(worst.relative_error < 1e-6);
  CHECK(worst.compared == 9 + 12 + 4); // inputs and the first layer alone
  CHECK(support::check_network<first, 3>().compared == 9 + 8 + 2);
}

TEST_CASE("frozen: layers before the first that learns are not run backwards", "[layers][frozen]") {
  using net = network<input<3>, frozen<dense<4>>, relu, frozen<dense<4>>, relu, dense<2>>;
  CHECK(workspace<net, float, 1, training>::plan.has_gradient ==
        std::array{false, false, false, false, false, true});
  using free = network<input<3>, dense<4>, relu, dense<4>, relu, dense<2>>;
  CHECK(workspace<free, float, 1, training>::plan.has_gradient ==
        std::array{false, true, true, true, true, true});
}

TEST_CASE("frozen: inference, reports and int8 see the layer itself", "[layers][frozen]") {
  CHECK(report<first>.parameters == report<thawed>.parameters);
  CHECK(report<first>.macs == report<thawed>.macs);
  using net = network<input<3>, frozen<dense<4>>, relu, dense<2>>;
  CHECK(inference_network<net>::size == 2);
  CHECK(std::is_same_v<quantized<net>, quantized<network<input<3>, dense<4>, relu, dense<2>>>>);

  // Training forward and the rewritten network agree.
  support::subject<net, float> all;
  support::noise random;
  random.fill(all.weights);
  const auto y = all.forward<isa::generic>({1.0f, -2.0f, 3.0f});
  parameters<inference_network<net>> weights{};
  to_inference(all.weights, weights);
  workspace<inference_network<net>> memory{};
  std::copy_n(std::array{1.0f, -2.0f, 3.0f}.begin(), 3, memory.input().data);
  const auto z = forward<isa::generic>(weights, memory)[0];
  CHECK(y == std::array{z[0], z[1]});
}

TEST_CASE("frozen: also layers whose parameters are no weights", "[layers][frozen]") {
  using net = network<input<3>, dense<2>, frozen<prelu>>;
  trainer<net, mean_squared_error, sgd<>, 1> all{{0.5f}, 1};
  all.workspace.input().data[0] = 1.0f;
  const std::array<float, 2> targets{3.0f, 4.0f};
  all.step(1, batch_view<const float, 2>{targets.data(), 1});
  CHECK(get<1>(all.parameters).slopes.values == std::array{0.25f, 0.25f});
}
