#include <mote/layers/pooling.hpp>

#include <array>
#include <cstddef>

#include "../catch.hpp"
#include "../support.hpp"

using namespace mote;

namespace {

/// Distinct values far apart, in an order that is not sorted: no maximum is near a tie, where max
/// has a kink and a central difference would see both sides.
template <std::size_t Size>
std::array<double, Size> distinct_values() {
  std::array<double, Size> values;
  for (std::size_t i = 0; i < Size; ++i) {
    values[i] = static_cast<double>((i * 37 + 11) % 101) / 10.0;
  }
  return values;
}

template <class Layer, std::size_t Height, std::size_t Width, std::size_t Channels>
void check_gradient() {
  CAPTURE(Layer::name, Height, Width, Channels);
  using net = network<input<Height, Width, Channels>, Layer>;
  STATIC_REQUIRE(net::input.size() <= 101);
  support::subject<net, double, 1> all;
  auto x = distinct_values<net::input.size()>();
  constexpr std::size_t outputs = net::output.size();
  std::array<double, outputs> slopes;
  for (std::size_t i = 0; i < outputs; ++i) {
    slopes[i] = static_cast<double>(i % 5) - 1.5;
  }
  const auto weighted_output = [&] {
    const auto y = all.template forward<isa::generic>(x);
    double sum = 0.0;
    for (std::size_t i = 0; i < outputs; ++i) {
      sum += y[i] * slopes[i];
    }
    return sum;
  };
  all.template forward<isa::generic>(x);
  const auto analytic = all.template backward<isa::generic>(slopes);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double original = x[i];
    x[i] = original + 1e-3;
    const double above = weighted_output();
    x[i] = original - 1e-3;
    const double below = weighted_output();
    x[i] = original;
    CHECK(support::close(analytic[i], (above - below) / 2e-3, 1e-9));
  }
}

} // namespace

TEST_CASE("max_pool2d takes the largest, avg_pool2d the mean, channel by channel",
          "[layers][pooling]") {
  // Two channels, the second the negative of the first.
  const std::array<float, 16> x{1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7, 8, -8};
  support::subject<network<input<2, 4, 2>, max_pool2d<2>>, float, 1> largest;
  CHECK(largest.template forward<isa::generic>(x) == std::array<float, 4>{6, -1, 8, -3});
  CHECK(largest.template backward<isa::generic>({10, 20, 30, 40}) ==
        std::array<float, 16>{0, 20, 0, 0, 0, 40, 0, 0, 0, 0, 10, 0, 0, 0, 30, 0});
  support::subject<network<input<2, 4, 2>, avg_pool2d<2>>, float, 1> mean;
  CHECK(mean.template forward<isa::generic>(x) == std::array<float, 4>{3.5f, -3.5f, 5.5f, -5.5f});
  support::subject<network<input<2, 4, 2>, global_avg_pool>, float, 1> whole;
  CHECK(whole.template forward<isa::generic>(x) == std::array<float, 2>{4.5f, -4.5f});
  CHECK(whole.template backward<isa::generic>({8, 16})[3] == 2.0f);
}

TEST_CASE("padding takes no part: neither as a maximum nor in a mean", "[layers][pooling]") {
  const std::array<float, 9> x{-1, -2, -3, -4, -5, -6, -7, -8, -9};
  support::subject<network<input<3, 3, 1>, max_pool2d<2, 2, padding::same>>, float, 1> largest;
  CHECK(largest.template forward<isa::generic>(x) == std::array<float, 4>{-1, -3, -7, -9});
  support::subject<network<input<3, 3, 1>, avg_pool2d<2, 2, padding::same>>, float, 1> mean;
  CHECK(mean.template forward<isa::generic>(x) == std::array<float, 4>{-3, -4.5f, -7.5f, -9});
}

TEST_CASE("of equal elements the first gets the slope", "[layers][pooling]") {
  support::subject<network<input<2, 2, 1>, max_pool2d<2>>, float, 1> all;
  all.template forward<isa::generic>({5, 5, 5, 5});
  CHECK(all.template backward<isa::generic>({1}) == std::array<float, 4>{1, 0, 0, 0});
}

TEST_CASE("gradients of pools", "[layers][pooling]") {
  check_gradient<max_pool2d<2>, 4, 6, 3>();
  check_gradient<max_pool2d<3, 1>, 5, 4, 2>(); // windows overlap
  check_gradient<max_pool2d<2, 3>, 7, 7, 1>(); // elements that no window sees
  check_gradient<max_pool2d<3, 2, padding::same>, 5, 6, 1>();
  check_gradient<avg_pool2d<2>, 4, 6, 3>();
  check_gradient<avg_pool2d<3, 2, padding::same>, 5, 6, 2>();
  check_gradient<avg_pool2d<1>, 3, 3, 7>();
  check_gradient<global_avg_pool, 3, 5, 4>();
}

namespace {

/// Runs a pool on small integers, among which there are many ties, with the plain loops and with an
/// instruction set.
template <class Isa, class T, class Layer, std::size_t Height, std::size_t Width,
          std::size_t Channels>
void compare() {
  CAPTURE(Isa::name, Layer::name, sizeof(T), Height, Width, Channels);
  using net = network<input<Height, Width, Channels>, Layer>;
  support::subject<net, T, 3> plain;
  support::subject<net, T, 3> fast;
  typename decltype(plain)::input x;
  typename decltype(plain)::output slopes;
  support::noise random;
  for (T& value : x) {
    value = static_cast<T>(static_cast<int>(random.between(-4.0f, 4.0f)));
  }
  for (T& value : slopes) {
    value = static_cast<T>(static_cast<int>(random.between(-9.0f, 9.0f)));
  }
  CHECK(fast.template forward<Isa>(x) == plain.template forward<isa::generic>(x));
  CHECK(fast.template backward<Isa>(slopes) == plain.template backward<isa::generic>(slopes));
}

template <class Isa, class T>
void compare_shapes() {
  compare<Isa, T, max_pool2d<2>, 24, 24, 6>();
  compare<Isa, T, max_pool2d<2>, 9, 7, 16>();    // a line and a column that no window sees
  compare<Isa, T, max_pool2d<3, 2>, 9, 11, 5>(); // windows overlap
  compare<Isa, T, max_pool2d<2, 3>, 8, 8, 3>();  // and lie apart
  compare<Isa, T, max_pool2d<3, 2, padding::same>, 7, 8, 4>();
  compare<Isa, T, max_pool2d<2>, 4, 22, 130>(); // a row takes several blocks
  compare<Isa, T, max_pool2d<2>, 6, 8, 22>();   // 16 + 6 channels
  compare<Isa, T, max_pool2d<3>, 7, 9, 7>();    // a line that no window sees
  compare<Isa, T, max_pool2d<1>, 1, 1, 1>();
}

} // namespace

TEST_CASE("max_pool2d does the same on every instruction set", "[layers][pooling]") {
  support::for_each_isa([](auto machine) {
    compare_shapes<decltype(machine), float>();
    compare_shapes<decltype(machine), double>();
  });
}
