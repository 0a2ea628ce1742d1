#include <mote/losses/binary_cross_entropy.hpp>

#include "losses.hpp"

using namespace mote;

TEST_CASE("binary cross-entropy: by hand", "[losses]") {
  // The logits 0, ln 3, -ln 3 have the probabilities 1/2, 3/4, 1/4. Against 1, 0, 1/2:
  // ln 2, ln 4, and -ln(1/4)/2 - ln(3/4)/2 = ln 4 - ln(3)/2. Slopes -1/2, 3/4, -1/4.
  const auto check = []<class T>(T tolerance) {
    const T third = T(std::log(3.0L));
    const support::evaluated<binary_cross_entropy, T, 3, 1> got({0, third, -third}, {1, 0, T(0.5)});
    const T expected = T((std::log(2.0L) + 2 * std::log(4.0L) - std::log(3.0L) / 2) / 3);
    CHECK(support::close(got.loss, expected, tolerance));
    const std::array slopes{T(-0.5) / 3, T(0.25), T(-0.25) / 3};
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(support::close(got.gradient[i], slopes[i], tolerance));
    }
  };
  check(1e-7f);
  check(1e-15);
}

TEST_CASE("binary cross-entropy: neither over- nor underflows nor cancels", "[losses]") {
  const support::evaluated<binary_cross_entropy, float, 4, 1> got({1e30f, -1e30f, 40.0f, -1e30f},
                                                                  {1.0f, 0.0f, 1.0f, 1.0f});
  CHECK(support::close(got.loss, 0.25e30f, 1e24f)); // wrong beyond doubt, only the last
  CHECK(got.gradient == std::array{0.0f, 0.0f, 0.0f, -0.25f});
  // e^-20 = 2.0611536224385579e-9 is far below a float's epsilon.
  const support::evaluated<binary_cross_entropy, float, 1, 1> right({20.0f}, {1.0f});
  CHECK(support::close(right.loss, 2.06115362e-9f, 1e-15f));
}

TEST_CASE("binary cross-entropy: labels", "[losses]") {
  // One output is told 0 or 1; several are told which of them is 1.
  const std::array<double, 2> z{0.0, 2.0};
  const std::array<int, 2> truth{0, 1};
  const auto one = binary_cross_entropy::evaluate(batch_view<const double, 1>{z.data(), 2},
                                                  std::span<const int>{truth});
  const double costs = std::log1p(std::exp(-2.0));
  CHECK(support::close(one, (std::log(2.0) + costs) / 2, 1e-15));
  const std::array<std::uint8_t, 1> which{0};
  std::array<double, 2> gradient{};
  const auto several = binary_cross_entropy::evaluate(batch_view<const double, 2>{z.data(), 1},
                                                      std::span<const std::uint8_t>{which},
                                                      batch_view<double, 2>{gradient.data(), 1});
  CHECK(support::close(several, (std::log(2.0) + 2.0 + costs) / 2, 1e-15));
  CHECK(support::close(gradient[0], -0.25, 1e-15));
  CHECK(support::close(gradient[1], 0.5 / (1.0 + std::exp(-2.0)), 1e-15));
}

TEST_CASE("binary cross-entropy: gradient against differences, float against double", "[losses]") {
  support::check_loss_gradient<binary_cross_entropy, 1, 1>();
  support::check_loss_gradient<binary_cross_entropy, 5, 3>();
  support::check_loss_float_against_double<binary_cross_entropy>(1e-6);
}

TEST_CASE("binary cross-entropy: in the compiler", "[losses]") {
  // (1/2 + ln(1 + e^-1/2) + 1/4 + ln(1 + e^-1)) / 2
  static_assert(support::close(support::compiled_loss<binary_cross_entropy>(), 0.768669f, 1e-6f));
}
