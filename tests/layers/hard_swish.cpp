#include <mote/layers/hard_swish.hpp>

#include "activations.hpp"

using namespace mote;

TEST_CASE("hard_swish: keeps the shape, whatever its rank", "[layers][hard_swish]") {
  support::check_keeps_shapes<hard_swish>();
}

TEST_CASE("hard_swish: by hand", "[layers][hard_swish]") {
  // x (x + 3) / 6 between -3 and 3, its slope (2 x + 3) / 6; -1 and -2 have the same value.
  const std::array x{-1e30, -4.0, -3.0, -2.0, -1.5, -1.0, 0.0, 1.5, 3.0, 5.0, 1e30};
  const std::array y{0.0, 0.0, 0.0, -1.0 / 3.0, -0.375, -1.0 / 3.0, 0.0, 1.125, 3.0, 5.0, 1e30};
  const std::array slopes{0.0, 0.0, 0.0, -1.0 / 6.0, 0.0, 1.0 / 6.0, 0.5, 1.0, 1.0, 1.0, 1.0};
  support::check_values<hard_swish, double>(x, y, slopes, 1e-15);
  support::check_values<hard_swish, float>(std::array{-4.0, -2.0, -1.5, -1.0, 0.0, 1.5, 3.0, 5.0},
                                           {0.0, -1.0 / 3.0, -0.375, -1.0 / 3.0, 0.0, 1.125, 3, 5},
                                           {0.0, -1.0 / 6.0, 0.0, 1.0 / 6.0, 0.5, 1.0, 1.0, 1.0},
                                           1e-7);
}

TEST_CASE("hard_swish: gradients against differences, away from the kinks",
          "[layers][hard_swish]") {
  support::check_gradients_away_from<hard_swish>({-3.0, 3.0});
}

TEST_CASE("hard_swish: float against double and in the compiler", "[layers][hard_swish]") {
  support::check_float_against_double<hard_swish>({-3.0, 3.0}, 5e-7);
  support::check_same_bits_in_the_compiler<hard_swish>();
  static_assert(hard_swish::apply(3.0f) == 3.0f);
}

TEST_CASE("hard_swish: in int8", "[layers][hard_swish]") {
  support::check_int8_table<hard_swish>(
      [](long double x) { return x < -3 ? 0.0L : (x > 3 ? x : x * (x + 3) / 6); }, 1.0L);
}
