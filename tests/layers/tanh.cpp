#include <mote/layers/dense.hpp>
#include <mote/layers/tanh.hpp>

#include <array>
#include <cmath>
#include <cstddef>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

using squash = network<input<4>, mote::tanh>;

// (e^2x - 1) / (e^2x + 1) and 1 - y^2, to 20 digits.
constexpr std::array<double, 4> points{0.0, 0.5, -1.0, 3.0};
constexpr std::array<double, 4> values{0.0, 0.46211715726000975850, -0.76159415595576488812,
                                       0.99505475368673045133};
constexpr std::array<double, 4> slopes{1.0, 0.78644773296592741015, 0.41997434161402606939,
                                       0.0098660371654401912732};

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

TEST_CASE("tanh: keeps the shape, whatever its rank", "[layers][tanh]") {
  CHECK(mote::tanh::output(shape{7}) == shape{7});
  CHECK(mote::tanh::output(shape{3, 5}) == shape{3, 5});
  CHECK(mote::tanh::output(shape{4, 3, 2}) == shape{4, 3, 2});
}

TEST_CASE("tanh: forward and backward by hand", "[layers][tanh]") {
  check_by_hand<float>();
  check_by_hand<double>();
}

TEST_CASE("tanh: saturates without leaving [-1, 1]", "[layers][tanh]") {
  support::subject<squash, float> all;
  const auto y = all.forward<isa::generic>({-1e30f, -200.0f, 200.0f, 1e30f});
  CHECK(y == std::array{-1.0f, -1.0f, 1.0f, 1.0f});
  CHECK(all.backward<isa::generic>({1.0f, 1.0f, 1.0f, 1.0f}) == std::array<float, 4>{});
}

TEST_CASE("tanh: gradients against differences", "[layers][tanh]") {
  CHECK(support::check_network<network<input<1>, mote::tanh>, 1>().relative_error < 1e-6);
  CHECK(support::check_network<network<input<3, 5, 1>, mote::tanh>, 3>().relative_error < 1e-6);
  using between = network<input<5>, dense<7>, mote::tanh, dense<3>>;
  support::for_each_isa([]<class Isa>(Isa) {
    CHECK(support::check_network<between, 3, Isa>().relative_error < 1e-6);
  });
}

TEST_CASE("tanh: its int8 range is fixed", "[layers][tanh]") {
  CHECK(mote::tanh::output_affine({0.5f, 3}, {-1.0f, 1.0f}) == affine{1.0f / 128.0f, 0});
}
