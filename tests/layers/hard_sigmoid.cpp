#include <mote/layers/hard_sigmoid.hpp>

#include "activations.hpp"

using namespace mote;

TEST_CASE("hard_sigmoid: keeps the shape, whatever its rank", "[layers][hard_sigmoid]") {
  support::check_keeps_shapes<hard_sigmoid>();
}

TEST_CASE("hard_sigmoid: by hand", "[layers][hard_sigmoid]") {
  // (x + 3) / 6 between -3 and 3.
  const std::array x{-1e30, -4.0, -3.0, -1.5, 0.0, 1.5, 3.0, 5.0, 1e30};
  const std::array y{0.0, 0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0};
  constexpr double sixth = 1.0 / 6.0;
  const std::array slopes{0.0, 0.0, 0.0, sixth, sixth, sixth, 0.0, 0.0, 0.0};
  support::check_values<hard_sigmoid, float>(x, y, slopes, 1e-8);
  support::check_values<hard_sigmoid, double>(x, y, slopes, 0.0);
}

TEST_CASE("hard_sigmoid: gradients against differences, away from the kinks",
          "[layers][hard_sigmoid]") {
  support::check_gradients_away_from<hard_sigmoid>({-3.0, 3.0});
}

TEST_CASE("hard_sigmoid: float against double and in the compiler", "[layers][hard_sigmoid]") {
  support::check_float_against_double<hard_sigmoid>({-3.0, 3.0}, 1e-7);
  support::check_same_bits_in_the_compiler<hard_sigmoid>();
  static_assert(hard_sigmoid::apply(0.0f) == 0.5f);
}

TEST_CASE("hard_sigmoid: in int8", "[layers][hard_sigmoid]") {
  support::check_int8_table<hard_sigmoid>(
      [](long double x) { return x < -3 ? 0.0L : (x > 3 ? 1.0L : (x + 3) / 6); });
}
