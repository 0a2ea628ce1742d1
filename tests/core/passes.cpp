#include <mote/core/passes.hpp>
#include <mote/core/run.hpp>
#include <mote/layers/batch_norm.hpp>
#include <mote/layers/concatenate.hpp>
#include <mote/layers/conv2d.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/frozen.hpp>
#include <mote/layers/hard_swish.hpp>
#include <mote/layers/leaky_relu.hpp>
#include <mote/layers/linear.hpp>
#include <mote/layers/penalized.hpp>
#include <mote/layers/pooled_conv2d.hpp>
#include <mote/layers/pooling.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/relu6.hpp>
#include <mote/layers/residual.hpp>
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

namespace {

using image = input<9, 8, 4>;
using conv = conv2d<4, 3, 1, padding::same>;
using pool = max_pool2d<2>;
template <class... Layers>
using trained = training_network<network<image, Layers...>>;
template <class... Layers>
using inferred = inference_network<network<image, Layers...>>;

template <class Net, class... Layers>
constexpr bool is_image = std::is_same_v<Net, network<image, Layers...>>;

/// Whether nothing is rewritten for training, and nothing but activations fused in inference.
template <class... Layers>
constexpr bool stays = is_image<trained<Layers...>, Layers...>&& inferred<Layers...>::size + 1 >=
                       sizeof...(Layers);

template <class Layer, class Activation = identity>
using with_pool = pooled_conv2d<Layer, Activation, pool>;

/// A convolution that does more on the way.
struct noisy : conv {};

} // namespace

TEST_CASE("a convolution, an activation and the max pool behind it become one layer",
          "[core][passes]") {
  static_assert(is_image<trained<conv, relu, pool>, with_pool<conv, relu>>);
  static_assert(is_image<inferred<conv, relu, pool>, with_pool<conv, relu>>);
  static_assert(is_image<trained<conv, pool>, with_pool<conv>>);
  static_assert(is_image<inferred<conv, pool>, with_pool<conv>>);
  static_assert(is_image<trained<conv, pool, relu6>, with_pool<conv, relu6>>);
  static_assert(is_image<inferred<conv, pool, relu6>, with_pool<conv, relu6>>);
  static_assert(is_image<trained<conv, leaky_relu<>, pool>, with_pool<conv, leaky_relu<>>>);
  static_assert(is_image<trained<frozen<conv>, relu, pool>, with_pool<frozen<conv>, relu>>);
  // Each takes one of each.
  static_assert(is_image<trained<conv, relu, pool, relu>, with_pool<conv, relu>, relu>);
  static_assert(is_image<trained<conv, relu, pool, pool>, with_pool<conv, relu>, pool>);
  static_assert(is_image<trained<relu, conv, pool, conv, relu, pool, flatten>, relu,
                         with_pool<conv>, with_pool<conv, relu>, flatten>);
  CHECK(trained<conv, pool, conv, pool>::size == 2);
}

TEST_CASE("training keeps what is only for training, inference looks across it", "[core][passes]") {
  static_assert(is_image<trained<conv, linear, pool>, with_pool<conv, linear>>);
  static_assert(is_image<inferred<conv, linear, pool>, with_pool<conv>>);
  static_assert(is_image<trained<conv, dropout<20>, pool>, conv, dropout<20>, pool>);
  static_assert(is_image<inferred<conv, dropout<20>, pool>, with_pool<conv>>);
  static_assert(is_image<trained<conv, batch_norm, relu, pool>, conv, batch_norm, relu, pool>);
  static_assert(is_image<inferred<conv, batch_norm, relu, pool>, with_pool<conv, relu>>);
  CHECK(trained<dropout<20>, conv, relu, pool>::size == 2);
}

TEST_CASE("only where it is the same, and where there is a kernel for it", "[core][passes]") {
  static_assert(stays<conv2d<4, 3, 2>, relu, pool>);
  static_assert(stays<conv2d<4, 3, 1, padding::valid, 2>, relu, pool>);
  static_assert(stays<depthwise_conv2d<3>, relu, pool>);
  static_assert(stays<conv2d<4, 1>, relu, pool>);
  static_assert(stays<conv2d<2000, 3>, relu, pool>);
  static_assert(stays<conv, relu, max_pool2d<3>>);
  static_assert(stays<conv, relu, max_pool2d<2, 1>>);
  static_assert(stays<conv, relu, max_pool2d<2, 2, padding::same>>);
  static_assert(stays<conv, relu, avg_pool2d<2>>);
  static_assert(stays<conv, hard_swish, pool>); // falls, then rises
  static_assert(stays<conv, relu, relu, pool>);
  static_assert(stays<relu, pool>);
  static_assert(stays<pool, conv, relu>);
  // What these do on the way back must not be lost.
  static_assert(stays<penalized<conv, l2<1, 10>>, relu, pool>);
  static_assert(stays<noisy, relu, pool>);
  CHECK(std::is_same_v<trained<conv, relu>, network<image, conv, relu>>);
}

TEST_CASE("a value that others read is not taken into a layer", "[core][passes]") {
  // The sum reads what the convolution gives.
  using read = network<image, conv, residual<relu, conv>, pool>;
  static_assert(std::is_same_v<training_network<read>, read>);
  using both = network<image, conv, relu, concatenate<branch<pool>, branch<pool>>>;
  static_assert(std::is_same_v<training_network<both>, both>);
  // A sum is no convolution, but inside and behind it there may be some.
  using inside = network<image, residual<conv, relu, conv>, conv, relu, pool, conv,
                         concatenate<branch<pool>, branch<conv, pool>>>;
  using run = training_network<inside>;
  static_assert(run::size == 9 && inside::size == 12);
  static_assert(std::is_same_v<run::layer<3>, add>);
  static_assert(std::is_same_v<run::layer<4>, with_pool<conv, relu>>);
  static_assert(std::is_same_v<run::layer<6>, pool>);
  static_assert(std::is_same_v<run::layer<7>, with_pool<conv>>);
  static_assert(std::is_same_v<run::sources<7>, std::index_sequence<6>>);
  CHECK(passes::for_training<inside>::firsts ==
        std::array<std::size_t, 9>{0, 1, 2, 3, 4, 7, 8, 9, 11});
}

TEST_CASE("int8 networks keep their convolutions", "[core][passes]") {
  using net = network<image, conv, relu, pool>;
  static_assert(is_image<calibration_network<net>, fused<conv, relu>, pool>);
  CHECK(quantized<net>::size == 2);
}

TEST_CASE("rewritten twice is rewritten once", "[core][passes]") {
  using once = inferred<conv, relu, pool, batch_norm, conv, pool, relu, flatten, dense<3>, relu>;
  static_assert(std::is_same_v<inference_network<once>, once>);
  using run = trained<conv, relu, pool, batch_norm, conv, pool, relu>;
  static_assert(std::is_same_v<training_network<run>, run>);
  CHECK(once::size == 5);
}

TEST_CASE("pooled convolutions compute in inference what the network as written does",
          "[core][passes]") {
  using net = network<image, dropout<10>, conv, batch_norm, relu, pool, residual<conv, relu>, conv,
                      dropout<20>, pool, leaky_relu<>, flatten, dense<5>>;
  static_assert(inference_network<net>::size == 6);
  support::for_each_isa([]<class Isa>(Isa) {
    INFO(Isa::name);
    CHECK(support::folds_into_the_same<net, Isa>(1e-12));
  });
}
