#include <mote/training/early_stopping.hpp>

#include <limits>

#include "../catch.hpp"

using mote::early_stopping;

TEST_CASE("early stopping: patience counts from the best", "[training][early_stopping]") {
  early_stopping stop{.patience = 2};
  CHECK_FALSE(stop.is_over());
  CHECK(stop.note(3.0));
  CHECK(stop.note(2.0));
  CHECK_FALSE(stop.note(2.5));
  CHECK_FALSE(stop.is_over());
  CHECK(stop.note(1.0)); // the count starts again
  CHECK_FALSE(stop.note(1.0));
  CHECK_FALSE(stop.is_over());
  CHECK_FALSE(stop.note(1.5));
  CHECK(stop.is_over());
  CHECK(stop.best == 1.0);
  CHECK(stop.since_best == 2);
}

TEST_CASE("early stopping: a gain that is too small is none", "[training][early_stopping]") {
  early_stopping stop{.patience = 3, .least_gain = 0.25};
  CHECK(stop.note(2.0));
  CHECK_FALSE(stop.note(1.75));
  CHECK(stop.best == 2.0);
  CHECK(stop.note(1.5));
}

TEST_CASE("early stopping: NaN is never the best", "[training][early_stopping]") {
  early_stopping stop{.patience = 1};
  CHECK_FALSE(stop.note(std::numeric_limits<double>::quiet_NaN()));
  CHECK(stop.is_over());
}

TEST_CASE("early stopping: accuracies are passed with a minus", "[training][early_stopping]") {
  early_stopping stop;
  CHECK(stop.note(-0.5));
  CHECK(stop.note(-0.6));
  CHECK_FALSE(stop.note(-0.55));
}

TEST_CASE("early stopping: in the compiler", "[training][early_stopping]") {
  constexpr bool over = [] {
    early_stopping stop{.patience = 1};
    stop.note(1.0);
    stop.note(2.0);
    return stop.is_over();
  }();
  static_assert(over);
}
