#include <mote/training/schedules.hpp>

#include "../catch.hpp"
#include "../support.hpp"

using namespace mote::schedules;

TEST_CASE("constant is 1 all the way", "[training][schedules]") {
  CHECK(constant{}(0.0f) == 1.0f);
  CHECK(constant{}(0.5) == 1.0);
  CHECK(constant{}(1.0f) == 1.0f);
}

TEST_CASE("linear without warm-up falls from 1 to 0", "[training][schedules]") {
  CHECK(linear{}(0.0f) == 1.0f);
  CHECK(linear{}(0.25f) == 0.75f);
  CHECK(linear{}(1.0f) == 0.0f);
  CHECK(linear{}(0.125) == 0.875);
}

TEST_CASE("linear rises during the warm-up, then falls", "[training][schedules]") {
  constexpr linear schedule{0.25f};
  CHECK(schedule(0.0f) == 0.0f);
  CHECK(schedule(0.125f) == 0.5f);
  CHECK(schedule(0.25f) == 1.0f);
  CHECK(schedule(0.625f) == 0.5f);
  CHECK(schedule(1.0f) == 0.0f);
  static_assert(schedule(0.125) == 0.5);
}

TEST_CASE("linear that is all warm-up ends at 1", "[training][schedules]") {
  CHECK(linear{1.0f}(0.5f) == 0.5f);
  CHECK(linear{1.0f}(1.0f) == 1.0f);
}
