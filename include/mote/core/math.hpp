// Elementary functions that are constexpr, need no libm in float, and give the same bits on every
// target that rounds as IEEE 754 asks (compile without contraction of a*b+c for that).
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace mote::math {

template <std::floating_point T>
constexpr T absolute(T x) {
  return x < T{0} ? -x : x;
}

namespace detail {

/// 2^n for an n whose result is a normal number.
constexpr float power_of_two(std::int32_t n) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(n + 127) << 23);
}
constexpr double power_of_two(std::int64_t n) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(n + 1023) << 52);
}

/// The widest numbers, in bytes, of which the machine takes the square root in one instruction.
#if defined(__AVR__)
inline constexpr std::size_t widest_sqrt = 0;
#elif defined(__riscv)
#  if defined(__riscv_flen)
inline constexpr std::size_t widest_sqrt = __riscv_flen / 8;
#  else
inline constexpr std::size_t widest_sqrt = 0;
#  endif
#elif defined(__arm__)
#  if defined(__ARM_FP) // a bit for each format: 4 is float, 8 is double
inline constexpr std::size_t widest_sqrt = (__ARM_FP & 8) != 0 ? 8 : __ARM_FP & 4;
#  else
inline constexpr std::size_t widest_sqrt = 0;
#  endif
#else
inline constexpr std::size_t widest_sqrt = 8;
#endif

/// Square root bit by bit, as on paper; correctly rounded, as the instruction is. Used while
/// compiling and where there is no instruction. Requires a finite x > 0.
template <std::floating_point T>
constexpr T exact_sqrt(T x) {
  constexpr bool is_float = std::is_same_v<T, float>;
  using unsigned_type = std::conditional_t<is_float, std::uint32_t, std::uint64_t>;
  using signed_type = std::make_signed_t<unsigned_type>;
  constexpr int fraction_bits = std::numeric_limits<T>::digits - 1;
  constexpr auto one = unsigned_type{1} << fraction_bits; // the bit that is not stored
  if (x < std::numeric_limits<T>::min()) {
    return exact_sqrt(x * (is_float ? T(0x1p24) : T(0x1p108))) *
           (is_float ? T(0x1p-12) : T(0x1p-54));
  }
  const auto bits = std::bit_cast<unsigned_type>(x);
  unsigned_type square = (bits & (one - 1)) | one;
  auto exponent =
      static_cast<signed_type>(bits >> fraction_bits) - (std::numeric_limits<T>::max_exponent - 1);
  if (exponent % 2 != 0) {
    square *= 2; // as many pairs of bits as a number has bits
    --exponent;
  }
  unsigned_type root = 0;
  unsigned_type rest = 0;
  for (int digit = 0; digit < fraction_bits + 2; ++digit) { // all bits and one to round by
    rest = rest * 4 + ((square >> fraction_bits) & 3u);
    square <<= 2;
    root *= 2;
    if (rest > 2 * root) {
      rest -= 2 * root + 1;
      ++root;
    }
  }
  // An exact half is no square of a T, so the last bit alone decides.
  const unsigned_type rounded = (root >> 1) + (root & 1u);
  return static_cast<T>(rounded) * (T{1} / static_cast<T>(one)) * power_of_two(exponent / 2);
}

} // namespace detail

/// Square root of x >= 0, correctly rounded.
template <std::floating_point T>
constexpr T sqrt(T x) {
  if constexpr (sizeof(T) <= detail::widest_sqrt) {
    if (!std::is_constant_evaluated()) {
      if constexpr (std::is_same_v<T, float>) {
        return __builtin_sqrtf(x);
      } else {
        return __builtin_sqrt(x);
      }
    }
  }
  if (x < T{0}) {
    return std::numeric_limits<T>::quiet_NaN();
  }
  const bool is_its_own_root = x != x || x == T{0} || x == std::numeric_limits<T>::infinity();
  return is_its_own_root ? x : detail::exact_sqrt(x);
}

/// e^x, at most 1.1 units in the last place off; 0 below -87, infinity above 88.72.
/// Range reduction x = n ln 2 + r with ln 2 in two parts, then a polynomial of degree 7 on
/// |r| <= ln 2 / 2 (Cody & Waite, "Software Manual for the Elementary Functions", 1980, chapter 6).
constexpr float exp(float x) {
  if (x != x) {
    return x;
  }
  if (x > 88.72f) {
    return std::numeric_limits<float>::infinity();
  }
  if (x < -87.0f) {
    return 0.0f;
  }
  const float scaled = x * 1.44269504f;
  const auto n = static_cast<std::int32_t>(scaled + (scaled < 0.0f ? -0.5f : 0.5f));
  const auto real_n = static_cast<float>(n);
  const float r = (x - real_n * 0.693359375f) + real_n * 2.12194440e-4f;
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * (r * r) + r + 1.0f;
  // 2^128 is no float, so the scaling is done in two halves.
  const std::int32_t half = n / 2;
  return p * detail::power_of_two(half) * detail::power_of_two(n - half);
}

/// e^x: the C library's at run time, the same reduction with a longer series while compiling.
constexpr double exp(double x) {
  if (!std::is_constant_evaluated()) {
    return std::exp(x);
  }
  if (x != x) {
    return x;
  }
  if (x > 709.0) {
    return std::numeric_limits<double>::infinity();
  }
  if (x < -708.0) {
    return 0.0;
  }
  const double scaled = x * 1.4426950408889634;
  const auto n = static_cast<std::int64_t>(scaled + (scaled < 0.0 ? -0.5 : 0.5));
  const auto real_n = static_cast<double>(n);
  const double r = (x - real_n * 0.693145751953125) - real_n * 1.42860682030941723e-6;
  double sum = 1.0;
  for (int k = 15; k > 0; --k) {
    sum = 1.0 + r * sum / k;
  }
  const std::int64_t half = n / 2;
  return sum * detail::power_of_two(half) * detail::power_of_two(n - half);
}

/// Natural logarithm of a normal x > 0, at most 0.9 units in the last place off; -infinity at 0.
/// x = m 2^n with m in [sqrt(1/2), sqrt(2)); then log m = 2 artanh s with s = (m - 1) / (m + 1)
/// (Abramowitz & Stegun, 4.1.27).
template <std::floating_point T>
constexpr T log(T x) {
  if constexpr (std::is_same_v<T, double>) {
    if (!std::is_constant_evaluated()) {
      return std::log(x);
    }
  }
  if (x <= T{0}) {
    return x == T{0} ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::quiet_NaN();
  }
  if (x != x || x == std::numeric_limits<T>::infinity()) {
    return x;
  }
  int n = 0;
  if constexpr (std::is_same_v<T, float>) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    n = static_cast<int>(bits >> 23) - 127;
    x = std::bit_cast<float>((bits & 0x007f'ffffu) | 0x3f80'0000u);
  } else {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    n = static_cast<int>(bits >> 52) - 1023;
    x = std::bit_cast<double>((bits & 0x000f'ffff'ffff'ffffu) | 0x3ff0'0000'0000'0000u);
  }
  if (x > T(1.41421356237309505)) {
    x /= T{2};
    ++n;
  }
  const T f = x - T{1};
  const T s = f / (T{2} + f);
  const T square = s * s;
  constexpr int terms = std::is_same_v<T, float> ? 6 : 14;
  T series{0};
  for (int k = terms; k > 0; --k) {
    series = series * square + T{1} / static_cast<T>(2 * k + 1);
  }
  // 2 s = f - s f, and f is exact: written so, the roundings of s weigh little.
  const T half_square = f * f / T{2};
  const T rest = s * (half_square + T{2} * square * series);
  const T real_n = static_cast<T>(n);
  return real_n * T(0.693359375) + (f - (half_square - (rest - real_n * T(2.1219444005469058e-4))));
}

/// Hyperbolic tangent, at most 1.6 units in the last place off. Near zero the quotient of
/// exponentials would cancel, so a continued fraction takes its place (Abramowitz &
/// Stegun, 4.5.70).
template <std::floating_point T>
constexpr T tanh(T x) {
  if constexpr (std::is_same_v<T, double>) {
    if (!std::is_constant_evaluated()) {
      return std::tanh(x);
    }
  }
  const T magnitude = absolute(x);
  if (magnitude < T(0.625)) {
    const T square = x * x;
    constexpr int depth = std::is_same_v<T, float> ? 11 : 21;
    T denominator = static_cast<T>(depth);
    for (int k = depth - 2; k > 0; k -= 2) {
      denominator = static_cast<T>(k) + square / denominator;
    }
    return x / denominator;
  }
  const T result = T{1} - T{2} / (exp(T{2} * magnitude) + T{1});
  return x < T{0} ? -result : result;
}

/// Logistic function 1 / (1 + e^-x), at most 2.5 units in the last place off where it is a normal
/// number.
template <std::floating_point T>
constexpr T sigmoid(T x) {
  return T{1} / (T{1} + exp(-x));
}

/// log(1 + x), at most 2.5 units in the last place off for x in [-1/2, 1], also where 1 + x would
/// lose x (Goldberg, "What Every Computer Scientist Should Know About Floating-Point Arithmetic",
/// 1991, theorem 4). Requires a finite x > -1.
template <std::floating_point T>
constexpr T log1p(T x) {
  if constexpr (std::is_same_v<T, double>) {
    if (!std::is_constant_evaluated()) {
      return std::log1p(x);
    }
  }
  const T sum = T{1} + x;
  return sum == T{1} ? x : log(sum) * (x / (sum - T{1}));
}

/// Cosine, off by at most 1e-7 in float and 1e-15 in double for |x| <= 1000; less exact beyond.
/// Except in double at run time, where it is the C library's, it is NaN from |x| = 2^20 on.
/// The multiple of pi/2 next to x is taken off in parts (Cody & Waite, "Software Manual for the
/// Elementary Functions", 1980, chapter 8); Taylor's series do the rest.
template <std::floating_point T>
constexpr T cos(T x) {
  if constexpr (std::is_same_v<T, double>) {
    if (!std::is_constant_evaluated()) {
      return std::cos(x);
    }
  }
  const T magnitude = absolute(x);
  if (!(magnitude < T(0x1p20))) {
    return std::numeric_limits<T>::quiet_NaN();
  }
  const auto n = static_cast<std::int32_t>(magnitude * T(0.63661977236758134) + T(0.5));
  const T real_n = static_cast<T>(n);
  T r{};
  if constexpr (std::is_same_v<T, float>) {
    r = ((magnitude - real_n * 1.5703125f) - real_n * 4.837512969970703125e-4f) -
        real_n * 7.54978995489188216e-8f;
  } else {
    r = (magnitude - real_n * 1.57079632673412561417) - real_n * 6.07710050650619224932e-11;
  }
  const T square = r * r;
  const bool wants_sine = n % 2 != 0;
  // Each turn of the loop takes in two powers of r: 1 - r^2 / (k (k - 1)) (1 - ...).
  T series{1};
  for (int k = (std::is_same_v<T, float> ? 12 : 20) + (wants_sine ? 1 : 0); k > 1; k -= 2) {
    series = T{1} - square / static_cast<T>(k * (k - 1)) * series;
  }
  const T result = wants_sine ? r * series : series;
  return n % 4 == 1 || n % 4 == 2 ? -result : result;
}

} // namespace mote::math

#include <mote/core/vector_math.hpp>
