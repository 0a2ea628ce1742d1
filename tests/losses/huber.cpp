#include <mote/losses/huber.hpp>

#include "losses.hpp"

using namespace mote;

TEST_CASE("huber: by hand", "[losses]") {
  // delta 1, differences 1/2, -1/2, 1, -1, 3, -5: 1/8 twice, 1/2 twice, 3 - 1/2 and 5 - 1/2; the
  // mean over 3 rows of 2. Slopes 1/2, -1/2, 1, -1, 1, -1, over 6.
  const support::evaluated<huber<>, double, 2, 3> got({0.5, 0.5, 2, 1, 3, -4}, {0, 1, 1, 2, 0, 1});
  CHECK(support::close(got.loss, 8.25 / 6, 1e-15));
  const std::array expected{0.5, -0.5, 1.0, -1.0, 1.0, -1.0};
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(support::close(got.gradient[i], expected[i] / 6, 1e-15));
  }
  // delta 1/2: a difference of 1/4 costs 1/32, one of -2 costs (2 - 1/4) / 2 = 7/8.
  const support::evaluated<huber<1, 2>, float, 1, 2> half({0.25f, -1.0f}, {0.0f, 1.0f});
  CHECK(half.loss == 0.5f * (1.0f / 32.0f + 7.0f / 8.0f));
  CHECK(half.gradient == std::array{0.125f, -0.25f});
}

TEST_CASE("huber: with a huge delta it is half the mean squared error", "[losses]") {
  const support::drawn<4, 3> point;
  const support::evaluated<huber<1000>, double, 4, 3> got(point.outputs, point.targets);
  double sum = 0.0;
  for (std::size_t i = 0; i < 12; ++i) {
    sum += (point.outputs[i] - point.targets[i]) * (point.outputs[i] - point.targets[i]);
  }
  CHECK(support::close(got.loss, sum / 24, 1e-14));
}

TEST_CASE("huber: gradient against differences, float against double", "[losses]") {
  // The gradient itself has kinks at |y - t| = delta: differences stay 0.01 away from them.
  const auto adjust = [](auto& outputs, const auto& targets) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (std::fabs(std::fabs(outputs[i] - targets[i]) - 0.7) < 0.01) {
        outputs[i] += 0.05;
      }
    }
  };
  support::check_loss_gradient<huber<7, 10>, 1, 1>(adjust);
  support::check_loss_gradient<huber<7, 10>, 5, 3>(adjust);
  support::check_loss_float_against_double<huber<7, 10>>(1e-6);
}

TEST_CASE("huber: in the compiler", "[losses]") {
  static_assert(support::compiled_loss<huber<>>() == 0.5f * (0.125f + 0.75f));
}
