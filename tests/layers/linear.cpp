#include <mote/layers/linear.hpp>
#include <mote/layers/relu.hpp>

#include <type_traits>

#include "activations.hpp"

using namespace mote;

TEST_CASE("linear: keeps the shape, whatever its rank", "[layers][linear]") {
  support::check_keeps_shapes<linear>();
}

TEST_CASE("linear: gives back every bit", "[layers][linear]") {
  support::subject<network<input<3>, linear>, float> all;
  CHECK(all.forward<isa::generic>({-3.0f, 0.1f, 1e30f}) == std::array{-3.0f, 0.1f, 1e30f});
  CHECK(all.backward<isa::generic>({7.0f, -0.3f, 1e-30f}) == std::array{7.0f, -0.3f, 1e-30f});
}

TEST_CASE("linear: gradients against differences", "[layers][linear]") {
  support::check_gradients_away_from<linear>({});
}

TEST_CASE("linear: float against double and in the compiler", "[layers][linear]") {
  support::check_float_against_double<linear>({}, 0.0);
  support::check_same_bits_in_the_compiler<linear>();
  static_assert(linear::apply(0.5f) == 0.5f && linear::derivative(0.5, 0.5) == 1.0);
}

TEST_CASE("linear: costs nothing, in training and in inference", "[layers][linear]") {
  using net = network<input<4>, dense<3>, linear, relu>;
  using without = network<input<4>, dense<3>, relu>;
  CHECK(std::is_same_v<inference_network<net>, inference_network<without>>);
  CHECK(std::is_same_v<quantized<net>, quantized<without>>);
  CHECK(sizeof(workspace<net, float, 8, training>) ==
        sizeof(workspace<without, float, 8, training>));
}
