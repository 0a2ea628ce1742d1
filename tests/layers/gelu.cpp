#include <mote/layers/gelu.hpp>

#include "activations.hpp"

using namespace mote;

namespace {

long double exact(long double x) {
  const long double root = std::sqrt(2.0L / 3.14159265358979323846264338L);
  return x / 2 * (1 + std::tanh(root * (x + 0.044715L * x * x * x)));
}

// x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) and its derivative in decimal arithmetic of 40
// digits.
constexpr std::array points{0.0, 1.0, -1.0, 3.0, -3.0, 0.5, -0.75, 6.0};
constexpr std::array values{0.0,
                            0.841191990608276704782,
                            -0.158808009391723295218,
                            2.996362607918226981162,
                            -0.003637392081773018837816,
                            0.3457140098251439220378,
                            -0.1700394448343796958159,
                            5.999999999915603532992};
constexpr std::array slopes{0.5,
                            1.08296408384578255514,
                            -0.08296408384578255513964,
                            1.011584166630969726204,
                            -0.01158416663096972620355,
                            0.8673699035346423115602,
                            0.001061743862585702342282,
                            1.000000000770997393095};

} // namespace

TEST_CASE("gelu: keeps the shape, whatever its rank", "[layers][gelu]") {
  support::check_keeps_shapes<gelu>();
}

TEST_CASE("gelu: against golden values", "[layers][gelu]") {
  support::check_values<gelu, float>(points, values, slopes, 5e-7);
  support::check_values<gelu, double>(points, values, slopes, 1e-15);
}

TEST_CASE("gelu: is within 0.0005 of the exact form", "[layers][gelu]") {
  double worst = 0.0;
  for (int i = -6000; i <= 6000; ++i) {
    const double x = i / 1000.0;
    worst = std::max(worst, std::fabs(gelu::apply(x) - x / 2 * (1 + std::erf(x / std::sqrt(2.0)))));
  }
  CHECK(worst < 0.0005);
  CHECK(worst > 0.0004);
}

TEST_CASE("gelu: far out it is relu, and finite", "[layers][gelu]") {
  support::subject<network<input<6>, gelu>, float> all;
  const auto y = all.forward<isa::generic>({-1e30f, -3e38f, -40.0f, 40.0f, 1e30f, 3e38f});
  CHECK(y == std::array{0.0f, 0.0f, 0.0f, 40.0f, 1e30f, 3e38f});
  CHECK(all.backward<isa::generic>({1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f}) ==
        std::array{0.0f, 0.0f, 0.0f, 1.0f, 1.0f, 1.0f});
}

TEST_CASE("gelu: small values keep their digits where tanh would cancel", "[layers][gelu]") {
  for (const float x : {-4.0f, -5.0f, -6.5f}) {
    // Near -6.5 the sigmoid's argument is -28, whose last place is worth 2e-6.
    const long double wanted = exact(static_cast<long double>(x));
    CHECK(std::fabs(static_cast<long double>(gelu::apply(x)) / wanted - 1) < 1e-5L);
  }
}

TEST_CASE("gelu: gradients against differences", "[layers][gelu]") {
  support::check_gradients_away_from<gelu>({});
}

TEST_CASE("gelu: float against double and in the compiler", "[layers][gelu]") {
  // The sigmoid's argument reaches 16, so it is off by up to 1e-6, and x du/dx times that.
  support::check_float_against_double<gelu>({}, 4e-6);
  support::check_same_bits_in_the_compiler<gelu>();
  static_assert(gelu::apply(0.0f) == 0.0f);
}

TEST_CASE("gelu: in int8", "[layers][gelu]") {
  support::check_int8_table<gelu>(exact);
}
