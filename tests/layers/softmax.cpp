#include <mote/layers/softmax.hpp>

#include "activations.hpp"

using namespace mote;

namespace {

template <class T>
void check_by_hand(double tolerance) {
  // Two positions of three channels. ln 1, ln 2, ln 5 have the shares 1/8, 2/8, 5/8; equal ones a
  // third each. With dy = (8, 0, -8): sum dy y = 1 - 5 = -4, so dx = y (dy + 4) = (12, 4 * 2,
  // -4 * 5) / 8. With dy = (3, 3, 6): sum = 4, dx = (-1, -1, 2) / 3.
  support::subject<network<input<2, 3>, softmax>, T> all;
  const auto y = all.template forward<isa::generic>(
      {T(0), T(std::log(2.0L)), T(std::log(5.0L)), T(7), T(7), T(7)});
  const auto dx = all.template backward<isa::generic>({8, 0, -8, 3, 3, 6});
  const std::array<double, 6> shares{0.125, 0.25, 0.625, 1.0 / 3, 1.0 / 3, 1.0 / 3};
  const std::array<double, 6> slopes{1.5, 1.0, -2.5, -1.0 / 3, -1.0 / 3, 2.0 / 3};
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(support::close(static_cast<double>(y[i]), shares[i], tolerance));
    CHECK(support::close(static_cast<double>(dx[i]), slopes[i], 8 * tolerance));
  }
}

} // namespace

TEST_CASE("softmax: keeps the shape, whatever its rank", "[layers][softmax]") {
  support::check_keeps_shapes<softmax>();
}

TEST_CASE("softmax: forward and backward by hand", "[layers][softmax]") {
  check_by_hand<float>(1e-7);
  check_by_hand<double>(1e-15);
}

TEST_CASE("softmax: golden values", "[layers][softmax]") {
  // In decimal arithmetic of 40 digits.
  support::subject<network<input<2, 1, 3>, softmax>, double> all;
  const auto y = all.forward<isa::generic>({1, 2, 3, 0, -1, 4});
  const std::array expected{0.090030573170380457998,  0.24472847105479765247,
                            0.66524095577482188953,   0.017867981870304502111,
                            0.0065732631853090830303, 0.97555875494438641486};
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(support::close(y[i], expected[i], 1e-15));
  }
}

TEST_CASE("softmax: neither over- nor underflows", "[layers][softmax]") {
  support::subject<network<input<4>, softmax>, float, 2> all;
  const auto y =
      all.forward<isa::generic>({1e30f, 1e30f, 0.0f, -1e30f, -3e38f, -3e38f, 1.0f, 2.0f});
  CHECK(y[0] == 0.5f);
  CHECK(y[1] == 0.5f);
  CHECK(y[2] == 0.0f);
  CHECK(y[3] == 0.0f);
  CHECK(y[4] == 0.0f);
  CHECK(support::close(y[6] + y[7], 1.0f, 1e-7f));
}

TEST_CASE("softmax: one channel is always 1", "[layers][softmax]") {
  support::subject<network<input<3, 1>, softmax>, float> all;
  CHECK(all.forward<isa::generic>({-5.0f, 0.0f, 9.0f}) == std::array{1.0f, 1.0f, 1.0f});
  CHECK(all.backward<isa::generic>({1.0f, 2.0f, 3.0f}) == std::array{0.0f, 0.0f, 0.0f});
}

TEST_CASE("softmax: gradients against differences", "[layers][softmax]") {
  support::check_gradients_away_from<softmax>({});
}

TEST_CASE("softmax: float against double and in the compiler", "[layers][softmax]") {
  support::check_float_against_double<softmax>({}, 1e-7);
  support::check_same_bits_in_the_compiler<softmax>();
}

TEST_CASE("softmax: works in place in inference", "[layers][softmax]") {
  using net = network<input<16>, softmax>;
  CHECK(sizeof(workspace<net>) == 16 * sizeof(float));
}
