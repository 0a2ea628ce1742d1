#include <mote/layers/dense.hpp>
#include <mote/layers/sigmoid.hpp>

#include <array>
#include <cmath>
#include <cstddef>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

using squash = network<input<4>, mote::sigmoid>;

// 1 / (1 + e^-x) and y (1 - y), to 20 digits.
constexpr std::array<double, 4> points{0.0, 1.0, -2.0, 4.0};
constexpr std::array<double, 4> values{0.5, 0.73105857863000487926, 0.11920292202211755594,
                                       0.98201379003790844197};
constexpr std::array<double, 4> slopes{0.25, 0.19661193324148187587, 0.10499358540350651735,
                                       0.017662706213291107};

template <class T>
void check_by_hand() {
  support::subject<squash, T> all;
  std::array<T, 4> x{};
  std::copy(points.begin(), points.end(), x.begin());
  const auto y = all.template forward<isa::generic>(x);
  const auto dx = all.template backward<isa::generic>({1, 2, -3, 4});
  const std::array<double, 4> dy{1, 2, -3, 4};
  const double tolerance = 4.0 * static_cast<double>(std::numeric_limits<T>::epsilon());
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    CHECK(support::close(static_cast<double>(y[i]), values[i], tolerance));
    CHECK(support::close(static_cast<double>(dx[i]), dy[i] * slopes[i], tolerance));
  }
}

} // namespace

TEST_CASE("sigmoid: keeps the shape, whatever its rank", "[layers][sigmoid]") {
  CHECK(mote::sigmoid::output(shape{7}) == shape{7});
  CHECK(mote::sigmoid::output(shape{3, 5}) == shape{3, 5});
  CHECK(mote::sigmoid::output(shape{4, 3, 2}) == shape{4, 3, 2});
}

TEST_CASE("sigmoid: forward and backward by hand", "[layers][sigmoid]") {
  check_by_hand<float>();
  check_by_hand<double>();
}

TEST_CASE("sigmoid: saturates without leaving [0, 1]", "[layers][sigmoid]") {
  support::subject<squash, float> all;
  const auto y = all.forward<isa::generic>({-1e30f, -200.0f, 200.0f, 1e30f});
  CHECK(y == std::array{0.0f, 0.0f, 1.0f, 1.0f});
  CHECK(all.backward<isa::generic>({1.0f, 1.0f, 1.0f, 1.0f}) == std::array<float, 4>{});
}

TEST_CASE("sigmoid: gradients against differences", "[layers][sigmoid]") {
  CHECK(support::check_network<network<input<1>, mote::sigmoid>, 1>().relative_error < 1e-6);
  CHECK(support::check_network<network<input<3, 5, 1>, mote::sigmoid>, 3>().relative_error < 1e-6);
  using between = network<input<5>, dense<7>, mote::sigmoid, dense<3>>;
  support::for_each_isa([]<class Isa>(Isa) {
    CHECK(support::check_network<between, 3, Isa>().relative_error < 1e-6);
  });
}

TEST_CASE("sigmoid: its int8 range is fixed", "[layers][sigmoid]") {
  CHECK(mote::sigmoid::output_affine({0.5f, 3}, {-1.0f, 1.0f}) == affine{1.0f / 256.0f, -128});
}
