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

TEST_CASE("steps multiply by the factor from part to part", "[training][schedules]") {
  constexpr steps schedule{.parts = 4, .factor = 0.5f};
  CHECK(schedule(0.0f) == 1.0f);
  CHECK(schedule(0.2499f) == 1.0f);
  CHECK(schedule(0.25f) == 0.5f);
  CHECK(schedule(0.5f) == 0.25f);
  CHECK(schedule(0.75f) == 0.125f);
  CHECK(schedule(1.0f) == 0.125f); // the end belongs to the last part
  CHECK(steps{.parts = 1}(1.0f) == 1.0f);
  static_assert(schedule(0.5) == 0.25);
}

TEST_CASE("cosine falls along half a wave", "[training][schedules]") {
  // (1 + cos(pi p)) / 2 at 0, 1/3, 1/2, 2/3, 1.
  const auto check = []<class T>(T tolerance) {
    constexpr cosine schedule{};
    CHECK(schedule(T(0)) == T(1));
    CHECK(support::close(schedule(T(1) / 3), T(0.75), tolerance));
    CHECK(support::close(schedule(T(0.5)), T(0.5), tolerance));
    CHECK(support::close(schedule(T(2) / 3), T(0.25), tolerance));
    CHECK(support::close(schedule(T(1)), T(0), tolerance));
    CHECK(schedule(T(1)) >= T(0));
  };
  check(1e-7f);
  check(1e-15);
}

TEST_CASE("cosine with warm-up and a last value", "[training][schedules]") {
  constexpr cosine schedule{.warm_up = 0.25f, .last = 0.5f};
  CHECK(schedule(0.0f) == 0.0f);
  CHECK(schedule(0.125f) == 0.5f);
  CHECK(schedule(0.25f) == 1.0f);
  CHECK(support::close(schedule(0.5f), 0.875f, 1e-7f));  // a third of the way: 1/2 + 3/4 of 1/2
  CHECK(support::close(schedule(0.625f), 0.75f, 1e-7f)); // half of the way
  CHECK(support::close(schedule(1.0f), 0.5f, 1e-7f));
  CHECK(cosine{.warm_up = 1.0f}(0.5f) == 0.5f);
  CHECK(cosine{.warm_up = 1.0f}(1.0f) == 1.0f);
  static_assert(support::close(schedule(0.625), 0.75, 1e-15));
  static_assert(support::close(schedule(0.625f), 0.75f, 1e-7f));
}

TEST_CASE("one cycle rises and falls along half waves", "[training][schedules]") {
  constexpr one_cycle schedule{.rise = 0.25f, .first = 0.5f, .last = 0.25f};
  CHECK(support::close(schedule(0.0f), 0.5f, 1e-7f));
  CHECK(support::close(schedule(0.125f), 0.75f, 1e-7f)); // half of the rise
  CHECK(schedule(0.25f) == 1.0f);
  CHECK(support::close(schedule(0.5f), 0.8125f, 1e-7f));  // a third of the fall: 3/4 of it left
  CHECK(support::close(schedule(0.625f), 0.625f, 1e-7f)); // half of the fall
  CHECK(support::close(schedule(1.0f), 0.25f, 1e-7f));
  static_assert(support::close(schedule(0.625f), 0.625f, 1e-7f));
  // PyTorch's numbers: a 25th at the start, 1 after three tenths, next to nothing at the end.
  CHECK(support::close(one_cycle{}(0.0), 0.04, 1e-8));
  CHECK(support::close(one_cycle{}(0.3), 1.0, 1e-8));
  CHECK(support::close(one_cycle{}(1.0), 4e-6, 1e-12));
  // All fall, all rise.
  CHECK(one_cycle{.rise = 0.0f}(0.0f) == 1.0f);
  CHECK(support::close(one_cycle{.rise = 1.0f}(0.999999f), 1.0f, 1e-6f));
}
