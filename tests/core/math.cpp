#include <mote/core/math.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr double wide_infinity = std::numeric_limits<double>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// Floats in the order of their values, as integers that follow each other.
std::int64_t place_of(float x) {
  const auto bits = static_cast<std::int64_t>(std::bit_cast<std::uint32_t>(std::fabs(x)));
  return x < 0.0f ? -bits : bits;
}
float at_place(std::int64_t place) {
  const auto magnitude = static_cast<std::uint32_t>(place < 0 ? -place : place);
  return place < 0 ? -std::bit_cast<float>(magnitude) : std::bit_cast<float>(magnitude);
}

/// The worst error of `function` on every `stride`-th float from `lowest` to `highest`. A prime
/// stride does not fall in step with the bits.
template <class Function, class Exact>
long double worst_ulps(float lowest, float highest, std::int64_t stride, Function function,
                       Exact exact) {
  long double worst = 0.0L;
  for (auto place = place_of(lowest); place <= place_of(highest); place += stride) {
    const float x = at_place(place);
    const auto error = support::ulps(function(x), exact(static_cast<long double>(x)));
    worst = error <= worst ? worst : error; // NaN is the worst
  }
  return worst;
}

/// 65 numbers from `lowest` to `highest`, and what `function` makes of them in the compiler.
template <class T, class Function>
struct table {
  std::array<T, 65> x{};
  std::array<T, 65> y{};

  constexpr table(T lowest, T highest, Function function) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = lowest + (highest - lowest) * (static_cast<T>(i) / T{64});
      y[i] = function(x[i]);
    }
  }
};

// Calls that run-time code and compile-time code can share.
constexpr auto exp_of = [](auto x) { return math::exp(x); };
constexpr auto log_of = [](auto x) { return math::log(x); };
constexpr auto tanh_of = [](auto x) { return math::tanh(x); };
constexpr auto sigmoid_of = [](auto x) { return math::sigmoid(x); };
constexpr auto sqrt_of = [](auto x) { return math::sqrt(x); };

/// The argument hides that `x` is known, so that this is computed at run time.
template <class T, class Function>
T at_run_time(Function function, const T& x) {
  const volatile T hidden = x;
  return function(static_cast<T>(hidden));
}

template <class Table, class Function>
void check_same_bits(const Table& compiled, Function function) {
  for (std::size_t i = 0; i < compiled.x.size(); ++i) {
    CAPTURE(compiled.x[i]);
    CHECK(at_run_time(function, compiled.x[i]) == compiled.y[i]);
  }
}

template <class Table, class Exact>
long double worst_ulps(const Table& compiled, Exact exact) {
  long double worst = 0.0L;
  for (std::size_t i = 0; i < compiled.x.size(); ++i) {
    const auto error = support::ulps(compiled.y[i], exact(static_cast<long double>(compiled.x[i])));
    worst = error <= worst ? worst : error;
  }
  return worst;
}

long double exact_exp(long double x) {
  return std::exp(x);
}
long double exact_log(long double x) {
  return std::log(x);
}
long double exact_tanh(long double x) {
  return std::tanh(x);
}
long double exact_sigmoid(long double x) {
  return 1.0L / (1.0L + std::exp(-x));
}

} // namespace

TEST_CASE("float functions are as exact as they say", "[core][math]") {
  // The bounds in the header's comments.
  const auto exp_error = worst_ulps(-87.0f, 88.72f, 997, exp_of, exact_exp);
  const auto exp_error_near_zero = worst_ulps(-1.0f, 1.0f, 1999, exp_of, exact_exp);
  CAPTURE(exp_error, exp_error_near_zero);
  CHECK(exp_error < 1.1L);
  CHECK(exp_error_near_zero < 1.1L);

  const auto log_error = worst_ulps(std::numeric_limits<float>::min(),
                                    std::numeric_limits<float>::max(), 997, log_of, exact_log);
  const auto log_error_near_one = worst_ulps(0.7f, 1.42f, 7, log_of, exact_log);
  CAPTURE(log_error, log_error_near_one);
  CHECK(log_error < 0.9L);
  CHECK(log_error_near_one < 0.9L);

  const auto tanh_error = worst_ulps(-20.0f, 20.0f, 1999, tanh_of, exact_tanh);
  const auto tanh_error_at_the_seam = worst_ulps(0.1f, 2.0f, 37, tanh_of, exact_tanh);
  CAPTURE(tanh_error, tanh_error_at_the_seam);
  CHECK(tanh_error < 1.6L);
  CHECK(tanh_error_at_the_seam < 1.6L);

  const auto sigmoid_error = worst_ulps(-87.0f, 88.0f, 1999, sigmoid_of, exact_sigmoid);
  CAPTURE(sigmoid_error);
  CHECK(sigmoid_error < 2.5L);
}

TEST_CASE("float functions at the ends of their ranges", "[core][math]") {
  CHECK(math::exp(0.0f) == 1.0f);
  CHECK(math::exp(-0.0f) == 1.0f);
  CHECK(math::exp(-87.1f) == 0.0f);
  CHECK(math::exp(-infinity) == 0.0f);
  CHECK(math::exp(88.73f) == infinity);
  CHECK(math::exp(88.7f) < infinity);
  CHECK(math::exp(infinity) == infinity);
  CHECK(std::isnan(math::exp(not_a_number)));

  CHECK(math::log(1.0f) == 0.0f);
  CHECK(math::log(0.0f) == -infinity);
  CHECK(math::log(infinity) == infinity);
  CHECK(std::isnan(math::log(-1.0f)));
  CHECK(std::isnan(math::log(not_a_number)));

  CHECK(math::tanh(0.0f) == 0.0f);
  CHECK(math::tanh(infinity) == 1.0f);
  CHECK(math::tanh(-infinity) == -1.0f);
  CHECK(std::isnan(math::tanh(not_a_number)));

  CHECK(math::sigmoid(0.0f) == 0.5f);
  CHECK(math::sigmoid(infinity) == 1.0f);
  CHECK(math::sigmoid(-infinity) == 0.0f);
  CHECK(std::isnan(math::sigmoid(not_a_number)));

  CHECK(math::absolute(-3.5f) == 3.5f);
  CHECK(math::absolute(3.5) == 3.5);
}

TEST_CASE("float functions have the same bits in the compiler", "[core][math]") {
  static constexpr table exps{-90.0f, 90.0f, exp_of};
  static constexpr table logs{0.001f, 9.0f, log_of};
  static constexpr table tanhs{-3.0f, 3.1f, tanh_of};
  static constexpr table sigmoids{-20.0f, 21.0f, sigmoid_of};
  static constexpr table roots{0.0f, 9.0f, sqrt_of};
  check_same_bits(exps, exp_of);
  check_same_bits(logs, log_of);
  check_same_bits(tanhs, tanh_of);
  check_same_bits(sigmoids, sigmoid_of);
  check_same_bits(roots, sqrt_of);
}

TEST_CASE("double functions at run time are the C library's", "[core][math]") {
  for (const double x : {0.1, 0.7, 1.0, 3.3, 40.0}) {
    CHECK(at_run_time(exp_of, x) == std::exp(x));
    CHECK(at_run_time(log_of, x) == std::log(x));
    CHECK(at_run_time(tanh_of, x) == std::tanh(x));
    CHECK(at_run_time(sqrt_of, x) == std::sqrt(x));
    CHECK(at_run_time(sigmoid_of, x) == 1.0 / (1.0 + std::exp(-x)));
  }
}

TEST_CASE("double functions in the compiler are exact to about a unit", "[core][math]") {
  static constexpr table exps{-700.0, 700.0, exp_of};
  static constexpr table logs{0.001, 9.0, log_of};
  static constexpr table tanhs{-3.0, 3.1, tanh_of};
  static constexpr table sigmoids{-20.0, 21.0, sigmoid_of};
  const auto exp_error = worst_ulps(exps, exact_exp);
  const auto log_error = worst_ulps(logs, exact_log);
  const auto tanh_error = worst_ulps(tanhs, exact_tanh);
  const auto sigmoid_error = worst_ulps(sigmoids, exact_sigmoid);
  CAPTURE(exp_error, log_error, tanh_error, sigmoid_error);
  CHECK(exp_error < 1.0L);
  CHECK(log_error < 1.0L);
  CHECK(tanh_error < 1.5L);
  CHECK(sigmoid_error < 1.5L);

  static_assert(math::exp(-709.0) == 0.0 && math::exp(709.5) == wide_infinity);
  static_assert(math::log(0.0) == -wide_infinity && math::log(wide_infinity) == wide_infinity);
}

TEST_CASE("the compiler's square root is the machine's", "[core][math]") {
  static constexpr table doubles{0.0, 9.0, sqrt_of};
  check_same_bits(doubles, sqrt_of);
  static_assert(math::sqrt(wide_infinity) == wide_infinity && math::sqrt(0.0f) == 0.0f);
  static_assert(math::sqrt(0x1p-1074) == 0x1p-537 && math::sqrt(0x1p1022) == 0x1p511);

  // The algorithm itself on more numbers than a compiler has patience for: all exponents, numbers
  // next to squares, and subnormal ones.
  std::size_t wrong = 0;
  std::mt19937_64 random{1};
  for (int i = 0; i < 300'000; ++i) {
    const double x = std::ldexp(1.0 + static_cast<double>(random() >> 12) * 0x1p-52,
                                static_cast<int>(random() % 2000) - 1000);
    const double root = std::floor(static_cast<double>(random() % 67'108'864));
    const double next_to_square = std::nextafter((root + 1.0) * (root + 1.0), 0.0);
    const double subnormal = static_cast<double>(1 + (random() >> 13)) * 0x1p-1074;
    for (const double value : {x, next_to_square, subnormal}) {
      wrong += math::detail::exact_sqrt(value) == std::sqrt(value) ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

// What a core without a square-root instruction runs.
TEST_CASE("the square root of floats, bit by bit, is the machine's", "[core][math]") {
  std::size_t wrong = 0;
  constexpr std::int64_t largest = 0x7f7f'ffff;
  for (std::int64_t place = 1; place <= largest; place += 1009) {
    const float x = at_place(place);
    wrong += math::detail::exact_sqrt(x) == std::sqrt(x) ? 0 : 1;
  }
  for (std::int64_t root = 1; root < 4096; ++root) { // squares, and what is next to them
    for (std::int64_t off = -1; off <= 1; ++off) {
      const float x = at_place(place_of(static_cast<float>(root * root)) + off);
      wrong += math::detail::exact_sqrt(x) == std::sqrt(x) ? 0 : 1;
    }
  }
  for (const std::int64_t place : {std::int64_t{1}, std::int64_t{2}, std::int64_t{0x007f'ffff},
                                   std::int64_t{0x0080'0000}, largest}) {
    const float x = at_place(place);
    wrong += math::detail::exact_sqrt(x) == std::sqrt(x) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

namespace {

constexpr auto cos_of = [](auto x) { return math::cos(x); };
constexpr auto log1p_of = [](auto x) { return math::log1p(x); };

} // namespace

TEST_CASE("the cosine is as exact as it says", "[core][math]") {
  long double worst = 0.0L;
  long double worst_near_zero = 0.0L;
  for (int i = -1'000'000; i <= 1'000'000; ++i) {
    const auto far_out = static_cast<float>(i) * 0.001f;
    const auto near_zero = static_cast<float>(i) * 3.2e-6f;
    const auto error = [](float x) {
      return std::fabs(static_cast<long double>(math::cos(x)) -
                       std::cos(static_cast<long double>(x)));
    };
    worst = std::max(worst, error(far_out));
    worst_near_zero = std::max(worst_near_zero, error(near_zero));
  }
  CAPTURE(worst, worst_near_zero);
  CHECK(worst < 1e-7L);
  CHECK(worst_near_zero < 1e-7L);

  CHECK(math::cos(0.0f) == 1.0f);
  CHECK(math::cos(-2.5f) == math::cos(2.5f));
  CHECK(std::isnan(math::cos(infinity)));
  CHECK(std::isnan(math::cos(not_a_number)));
}

TEST_CASE("cosine and log1p in the compiler", "[core][math]") {
  static constexpr table cosines{-7.0f, 9.0f, cos_of};
  static constexpr table logs{-0.5f, 1.0f, log1p_of};
  check_same_bits(cosines, cos_of);
  check_same_bits(logs, log1p_of);

  static constexpr table wide_cosines{-1000.0, 999.0, cos_of};
  for (std::size_t i = 0; i < wide_cosines.x.size(); ++i) {
    CHECK(support::close(wide_cosines.y[i], std::cos(wide_cosines.x[i]), 1e-15));
  }
  static constexpr table wide_logs{-0.5, 1.0, log1p_of};
  CHECK(worst_ulps(wide_logs, [](long double x) { return std::log1p(x); }) < 2.5L);
  CHECK(at_run_time(cos_of, 0.7) == std::cos(0.7));
  CHECK(at_run_time(log1p_of, 0.7) == std::log1p(0.7));
}

TEST_CASE("log1p is as exact as it says", "[core][math]") {
  const auto exact = [](long double x) { return std::log1p(x); };
  const auto error = worst_ulps(-0.5f, 1.0f, 997, log1p_of, exact);
  CAPTURE(error);
  CHECK(error < 2.5L);
  CHECK(math::log1p(0.0f) == 0.0f);
  CHECK(math::log1p(1e-30f) == 1e-30f);
}
