#include <mote/layers/step.hpp>

#include <limits>

#include "activations.hpp"

using namespace mote;

TEST_CASE("step: keeps the shape, whatever its rank", "[layers][step]") {
  support::check_keeps_shapes<step>();
}

TEST_CASE("step: by hand, 0 at both zeros", "[layers][step]") {
  constexpr auto least = static_cast<double>(std::numeric_limits<float>::denorm_min());
  support::check_values<step, float>(std::array{-3.0, -least, -0.0, 0.0, least, 1e30},
                                     {0.0, 0.0, 0.0, 0.0, 1.0, 1.0}, {}, 0.0);
  support::check_values<step, double>(std::array{-3.0, 0.0, 5e-324}, {0.0, 0.0, 1.0}, {}, 0.0);
}

TEST_CASE("step: gradients against differences, away from the jump", "[layers][step]") {
  support::check_gradients_away_from<step>({0.0});
}

TEST_CASE("step: float against double and in the compiler", "[layers][step]") {
  support::check_float_against_double<step>({0.0}, 0.0);
  support::check_same_bits_in_the_compiler<step>();
  static_assert(step::apply(0.5f) == 1.0f && step::apply(0.0) == 0.0);
}

TEST_CASE("step: in int8", "[layers][step]") {
  support::check_int8_table<step>([](long double x) { return x > 0.0L ? 1.0L : 0.0L; });
}
