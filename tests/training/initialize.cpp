#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/sigmoid.hpp>
#include <mote/layers/tanh.hpp>
#include <mote/training/initialize.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

/// Parameters that hold something else before.
template <class Net>
parameters<Net> initialized(std::uint64_t seed) {
  parameters<Net> weights{};
  visit_tensors<Net>([](auto, const field&, auto& tensor) { tensor.values.fill(99.0f); }, weights);
  random_source generator{seed};
  initialize(weights, generator);
  return weights;
}

template <class Initializer, class Tensor>
bool is_drawn_by(const Tensor& tensor, std::size_t fan_in, std::size_t fan_out,
                 random_source& generator) {
  Tensor expected{};
  Initializer::fill(std::span<float>{expected.values}, fan_in, fan_out, generator);
  return tensor.values == expected.values;
}

} // namespace

TEST_CASE("each layer is drawn by its initializer, in forward order", "[training][initialize]") {
  using net =
      network<input<3>, dense<4>, relu, dense<5>, dropout<20>, relu,
              dense<6, initializers::uniform<1, 10>>, mote::tanh, dense<7>, sigmoid, dense<2>>;
  const auto weights = initialized<net>(42);
  random_source generator{42};
  // relu follows, if only after dropout: He. A smooth activation or nothing: Glorot.
  CHECK(is_drawn_by<initializers::he>(get<0>(weights).weights, 3, 4, generator));
  CHECK(is_drawn_by<initializers::he>(get<2>(weights).weights, 4, 5, generator));
  CHECK(is_drawn_by<initializers::uniform<1, 10>>(get<5>(weights).weights, 5, 6, generator));
  CHECK(is_drawn_by<initializers::glorot>(get<7>(weights).weights, 6, 7, generator));
  CHECK(is_drawn_by<initializers::glorot>(get<9>(weights).weights, 7, 2, generator));
}

TEST_CASE("biases start at zero", "[training][initialize]") {
  using net = network<input<3>, dense<4>, relu, dense<5>>;
  const auto weights = initialized<net>(1);
  CHECK(get<0>(weights).bias.values == std::array<float, 4>{});
  CHECK(get<2>(weights).bias.values == std::array<float, 5>{});
}

TEST_CASE("the seed decides", "[training][initialize]") {
  using net = network<input<3>, dense<4>, relu, dense<5>>;
  CHECK(support::same_parameters<net>(initialized<net>(1), initialized<net>(1)));
  CHECK_FALSE(support::same_parameters<net>(initialized<net>(1), initialized<net>(2)));
}

TEST_CASE("what is drawn at run time is what the compiler draws", "[training][initialize]") {
  using net = network<input<3>, dense<4>, relu, dense<5>>;
  constexpr auto drawn = [] {
    parameters<net> weights{};
    random_source generator{7};
    initialize(weights, generator);
    return weights;
  }();
  CHECK(support::same_parameters<net>(drawn, initialized<net>(7)));
}
