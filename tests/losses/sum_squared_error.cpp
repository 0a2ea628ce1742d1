#include <mote/losses/sum_squared_error.hpp>

#include "losses.hpp"

using namespace mote;

TEST_CASE("sum squared error: by hand", "[losses]") {
  // Differences 1, -2, 0 and 3, 0, -1: (1 + 4 + 9 + 1) / 2 rows; the gradient is the difference.
  const auto check = []<class T>(T) {
    const support::evaluated<sum_squared_error, T, 3, 2> got({2, 0, 1, 4, 5, 0},
                                                             {1, 2, 1, 1, 5, 1});
    CHECK(got.loss == T(7.5));
    CHECK(got.gradient == std::array<T, 6>{1, -2, 0, 3, 0, -1});
  };
  check(0.0f);
  check(0.0);
}

TEST_CASE("sum squared error: labels stand for one-hot targets", "[losses]") {
  const std::array<float, 3> y{0.5f, 1.0f, -1.0f};
  const std::array<std::uint8_t, 1> labels{1};
  CHECK(sum_squared_error::evaluate(batch_view<const float, 3>{y.data(), 1},
                                    std::span<const std::uint8_t>{labels}) == 1.25f);
}

TEST_CASE("sum squared error: gradient against differences, float against double", "[losses]") {
  support::check_loss_gradient<sum_squared_error, 1, 1>();
  support::check_loss_gradient<sum_squared_error, 5, 3>();
  support::check_loss_float_against_double<sum_squared_error>(1e-4);
}

TEST_CASE("sum squared error: in the compiler", "[losses]") {
  static_assert(support::compiled_loss<sum_squared_error>() == 1.8125f);
}
