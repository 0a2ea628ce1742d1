#include <mote/layers/leaky_relu.hpp>

#include "activations.hpp"

using namespace mote;

TEST_CASE("leaky_relu: keeps the shape, whatever its rank", "[layers][leaky_relu]") {
  support::check_keeps_shapes<leaky_relu<>>();
}

TEST_CASE("leaky_relu: by hand", "[layers][leaky_relu]") {
  // A slope of 1/4 makes every value exact. The derivative at 0 is the slope.
  const std::array x{-8.0, -1.0, 0.0, 0.5, 3.0};
  const std::array y{-2.0, -0.25, 0.0, 0.5, 3.0};
  const std::array slopes{0.25, 0.25, 0.25, 1.0, 1.0};
  support::check_values<leaky_relu<1, 4>, float>(x, y, slopes, 0.0);
  support::check_values<leaky_relu<1, 4>, double>(x, y, slopes, 0.0);
  // The default is a hundredth.
  support::check_values<leaky_relu<>, double>(std::array{-200.0}, {-2.0}, {0.01}, 1e-15);
  support::check_values<leaky_relu<>, float>(std::array{-200.0}, {-2.0}, {0.01}, 1e-7);
  // More than 1 is a slope as well.
  support::check_values<leaky_relu<3, 2>, float>(std::array{-2.0, 2.0}, {-3.0, 2.0}, {1.5, 1.0},
                                                 0.0);
}

TEST_CASE("leaky_relu: gradients against differences, away from the kink", "[layers][leaky_relu]") {
  support::check_gradients_away_from<leaky_relu<>>({0.0});
  support::check_gradients_away_from<leaky_relu<3, 10>>({0.0});
}

TEST_CASE("leaky_relu: float against double and in the compiler", "[layers][leaky_relu]") {
  support::check_float_against_double<leaky_relu<>>({0.0}, 1e-8);
  support::check_same_bits_in_the_compiler<leaky_relu<>>();
  static_assert(leaky_relu<1, 2>::apply(-3.0f) == -1.5f);
}

TEST_CASE("leaky_relu: in int8", "[layers][leaky_relu]") {
  support::check_int8_table<leaky_relu<1, 5>>([](long double x) { return x > 0 ? x : x / 5; },
                                              0.75L);
}
