#include <mote/core/isa.hpp>
#include <mote/core/math.hpp>
#include <mote/kernels/vector/elementwise.hpp>
#include <mote/kernels/vector/vector.hpp>
#include <mote/layers/gelu.hpp>
#include <mote/layers/sigmoid.hpp>
#include <mote/layers/tanh.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "../catch.hpp"
#include "../kernels/guarded.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// The worst error on 1 in about 3,000 floats of both signs from `lowest` to `highest` in
/// magnitude, a vector at a time.
template <std::size_t Lanes, class Function, class Exact>
long double worst_ulps(float lowest, float highest, Function function, Exact exact) {
  using vector = kernels::vector<float, Lanes>;
  long double worst = 0.0L;
  auto bits = std::bit_cast<std::uint32_t>(lowest);
  while (bits <= std::bit_cast<std::uint32_t>(highest)) {
    vector x{};
    for (std::size_t lane = 0; lane < Lanes; ++lane, bits += 1'499) {
      x[lane] = std::bit_cast<float>(bits) * (lane % 2 == 0 ? 1.0f : -1.0f);
    }
    const vector y = function(x);
    for (std::size_t lane = 0; lane < Lanes; ++lane) {
      const auto error = support::ulps(y[lane], exact(static_cast<long double>(x[lane])));
      worst = error <= worst ? worst : error; // NaN is the worst
    }
  }
  return worst;
}

/// Roots of a vector are those of its lanes, to the last bit.
template <class T, std::size_t Lanes>
void check_roots() {
  INFO(sizeof(T) * Lanes << " bytes");
  using limits = std::numeric_limits<T>;
  support::noise random;
  std::vector<T> arguments{T{0},          T{-0.0},       limits::denorm_min(),
                           limits::min(), limits::max(), limits::infinity()};
  for (int exponent = -60; exponent < 60; ++exponent) {
    arguments.push_back(std::ldexp(random.between(T{1}, T{2}), exponent));
  }
  for (const T x : arguments) {
    for (std::size_t lane = 0; lane < Lanes; ++lane) {
      kernels::vector<T, Lanes> all{};
      all[lane] = x;
      CAPTURE(x, lane);
      CHECK(math::sqrt(all)[lane] == std::sqrt(x));
      CHECK(math::sqrt(all)[(lane + 1) % Lanes] == T{0});
    }
  }
  const auto root = math::sqrt(kernels::vector<T, Lanes>{} - T{1});
  CHECK(root[Lanes - 1] != root[Lanes - 1]);
}

bool same(float a, float b) {
  return a == b ? std::signbit(a) == std::signbit(b) : a != a && b != b;
}

template <std::size_t Lanes>
void check_lanes() {
  INFO(Lanes << " lanes");
  using vector = kernels::vector<float, Lanes>;
  CHECK(worst_ulps<Lanes>(
            1e-30f, 86.9f, [](vector x) { return math::exp(x); },
            [](long double x) { return std::exp(x); }) < 1.1L);
  CHECK(worst_ulps<Lanes>(
            1e-30f, 20.0f, [](vector x) { return math::tanh(x); },
            [](long double x) { return std::tanh(x); }) < 1.6L);
  CHECK(worst_ulps<Lanes>(
            1e-30f, 86.0f, [](vector x) { return math::sigmoid(x); },
            [](long double x) { return 1.0L / (1.0L + std::exp(-x)); }) < 2.5L);
  // Beyond that they are what they are of a float.
  for (const float x : {0.0f, -0.0f, 88.7f, 88.73f, 89.0f, -87.0f, -87.1f, -104.0f, 1e30f, -1e30f,
                        infinity, -infinity, not_a_number}) {
    CAPTURE(x);
    const vector all = vector{} + x;
    const vector lone = x == 0.0f && std::signbit(x) ? -vector{} : all;
    CHECK(same(math::exp(lone)[Lanes - 1], math::exp(x)));
    CHECK(same(math::tanh(lone)[Lanes - 1], math::tanh(x)));
    CHECK(same(math::sigmoid(lone)[Lanes - 1], math::sigmoid(x)));
  }
}

template <class Isa, class Activation>
void check_elementwise() {
  INFO(Isa::name << ", " << Activation::name);
  support::noise random;
  for (std::size_t count = 0; count < 70; ++count) {
    const guarded<float> x(count, count % 3, random);
    guarded<float> y(count, count % 5);
    kernels::elementwise<Isa>::template forward<Activation>(count, x.data(), y.data());
    REQUIRE(y.margins_are_whole());
    for (std::size_t i = 0; i < count; ++i) {
      REQUIRE(support::close(y[i], Activation::apply(x[i]), 1e-6f));
    }
    const guarded<float> dy(count, count % 4, random);
    guarded<float> dx(count, count % 2);
    kernels::elementwise<Isa>::template backward<Activation>(count, x.data(), y.data(), dy.data(),
                                                             dx.data());
    REQUIRE(dx.margins_are_whole());
    for (std::size_t i = 0; i < count; ++i) {
      REQUIRE(support::close(dx[i], dy[i] * Activation::derivative(x[i], y[i]), 1e-6f));
    }
  }
}

} // namespace

TEST_CASE("square roots of vectors are those of numbers", "[core][vector_math]") {
  check_roots<float, 4>();
  check_roots<float, 8>();
  check_roots<float, 16>();
  check_roots<double, 2>();
  check_roots<double, 4>();
  check_roots<double, 8>();
}

TEST_CASE("exp, tanh and sigmoid of vectors are as exact as of floats", "[core][math]") {
  check_lanes<4>();
  check_lanes<8>();
  check_lanes<16>();
}

TEST_CASE("activations of vectors are those of floats", "[core][math]") {
  support::for_each_isa([]<class Isa>(Isa) {
    check_elementwise<Isa, mote::tanh>();
    check_elementwise<Isa, sigmoid>();
    check_elementwise<Isa, gelu>();
  });
}
