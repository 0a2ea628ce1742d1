#include <mote/core/passes.hpp>
#include <mote/core/run.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/sigmoid.hpp>
#include <mote/layers/tanh.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

using in = input<4>;
template <class... Layers>
using written = inference_network<network<in, Layers...>>;
template <class... Layers>
using calibrated = calibration_network<network<in, Layers...>>;
template <class Net, class... Layers>
constexpr bool is = std::is_same_v<Net, network<in, Layers...>>;

template <class Net, class Isa>
void check_computes_the_same() {
  constexpr std::size_t rows = 5;
  using short_net = inference_network<Net>;
  parameters<Net> weights{};
  parameters<short_net> short_weights{};
  std::array<float, rows * Net::input.size()> inputs{};
  support::noise random;
  random.fill(weights);
  random.fill(std::span<float>{inputs});
  to_inference(weights, short_weights);

  workspace<Net, float, rows> memory{};
  workspace<short_net, float, rows> short_memory{};
  std::copy(inputs.begin(), inputs.end(), memory.input().data);
  std::copy(inputs.begin(), inputs.end(), short_memory.input().data);
  const auto expected = forward<Isa>(weights, memory).elements();
  const auto found = forward<Isa>(short_weights, short_memory).elements();
  CHECK(std::equal(expected.begin(), expected.end(), found.begin(), found.end()));
  CHECK(sizeof(short_memory) <= sizeof(memory));
}

} // namespace

TEST_CASE("inference drops dropout", "[core][passes]") {
  static_assert(is<written<dropout<20>, dense<3>>, dense<3>>);
  static_assert(is<written<dense<3>, dropout<20>>, dense<3>>);
  static_assert(is<written<dense<3>, dropout<20>, dropout<50>, dense<2>>, dense<3>, dense<2>>);
  CHECK(written<dropout<20>, relu, dropout<20>>::size == 1);
}

TEST_CASE("inference fuses activations into what feeds them", "[core][passes]") {
  static_assert(is<written<dense<3>, relu>, fused<dense<3>, relu>>);
  static_assert(is<written<dense<3>, mote::tanh>, fused<dense<3>, mote::tanh>>);
  static_assert(is<written<dense<3>, relu, dense<2>, sigmoid>, fused<dense<3>, relu>,
                   fused<dense<2>, sigmoid>>);
  // Also across a dropout that is gone.
  static_assert(is<written<dense<3>, dropout<20>, relu>, fused<dense<3>, relu>>);
  // The initializer is part of the layer's type and stays.
  using he_dense = dense<3, initializers::he>;
  static_assert(is<written<he_dense, relu>, fused<he_dense, relu>>);
  CHECK(written<dense<3>, relu, dense<2>, relu, dense<1>>::size == 3);
}

TEST_CASE("what cannot be fused stays", "[core][passes]") {
  static_assert(is<written<dense<3>>, dense<3>>);
  static_assert(is<written<relu>, relu>);
  static_assert(is<written<relu, dense<3>>, relu, dense<3>>); // not into the layer after it
  static_assert(is<written<dense<3>, relu, mote::tanh>, fused<dense<3>, relu>, mote::tanh>);
  static_assert(is<written<dense<3>, flatten, relu>, dense<3>, flatten, relu>);
  static_assert(is<written<dense<3>, dense<2>>, dense<3>, dense<2>>);
  CHECK(written<relu, relu>::size == 2);
}

TEST_CASE("a network that is rewritten stays as it is when it is rewritten again",
          "[core][passes]") {
  using once = written<dense<3>, relu, dropout<20>, dense<2>, sigmoid>;
  CHECK(std::is_same_v<inference_network<once>, once>);
  // An activation after a fused one is not fused on top of it, where it would take its place.
  using two_activations = written<dense<3>, relu, mote::tanh>;
  CHECK(std::is_same_v<inference_network<two_activations>, two_activations>);
}

TEST_CASE("for int8 only clamps are fused", "[core][passes]") {
  static_assert(is<calibrated<dense<3>, relu, dropout<20>, dense<2>, sigmoid>,
                   fused<dense<3>, relu>, dense<2>, sigmoid>);
  static_assert(is<quantized<network<in, dense<3>, relu, dropout<20>, dense<2>, sigmoid>>,
                   int8_dense<3, relu, rounding::twice>, int8_dense<2, identity, rounding::twice>,
                   int8_table<sigmoid, rounding::twice>>);
  static_assert(
      is<quantized<network<in, flatten, dense<3>, mote::tanh>, rounding::once>, flatten,
         int8_dense<3, identity, rounding::once>, int8_table<mote::tanh, rounding::once>>);
  CHECK(quantized<network<in, dense<3>, relu>>::size == 1);
}

TEST_CASE("a rewritten network knows where its layers come from", "[core][passes]") {
  using net = network<in, dropout<10>, dense<3>, relu, dropout<20>, flatten, dense<2>, sigmoid>;
  using rewritten = passes::for_inference<net, passes::fuse_every_activation>;
  CHECK(rewritten::firsts == std::array<std::size_t, 3>{1, 4, 5});
}

TEST_CASE("parameters move to the layers that took their place", "[core][passes]") {
  using net = network<in, dropout<10>, dense<3>, relu, dropout<20>, dense<2>, sigmoid>;
  parameters<net> weights{};
  support::noise random;
  random.fill(weights);
  parameters<inference_network<net>> short_weights{};
  to_inference(weights, short_weights);
  CHECK(get<0>(short_weights).weights.values == get<1>(weights).weights.values);
  CHECK(get<0>(short_weights).bias.values == get<1>(weights).bias.values);
  CHECK(get<1>(short_weights).weights.values == get<4>(weights).weights.values);
  CHECK(get<1>(short_weights).bias.values == get<4>(weights).bias.values);

  parameters<calibration_network<net>> calibration_weights{};
  to_calibration(weights, calibration_weights);
  CHECK(get<0>(calibration_weights).weights.values == get<1>(weights).weights.values);
  CHECK(get<1>(calibration_weights).bias.values == get<4>(weights).bias.values);
}

TEST_CASE("the inference network computes what the network as written does, to the bit",
          "[core][passes]") {
  using deep = network<input<2, 3, 1>, flatten, dropout<10>, dense<9>, relu, dropout<20>, dense<7>,
                       mote::tanh, dense<5>, sigmoid, dense<3>>;
  using ends_in_dropout = network<in, relu, dense<5>, dropout<20>, relu, mote::tanh, dropout<50>>;
  support::for_each_isa([]<class Isa>(Isa) {
    INFO(Isa::name);
    check_computes_the_same<deep, Isa>();
    check_computes_the_same<ends_in_dropout, Isa>();
  });
}
