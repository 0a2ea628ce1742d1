// Functions of core/math.hpp for all lanes of a vector at once, in the vector extensions of GCC and
// Clang: exp, tanh and the logistic function by the same formulas, with a choice where those
// branch.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/math.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

namespace mote::math {

/// A vector of floats.
template <class V>
concept float_vector =
    !std::is_class_v<V> && !std::is_pointer_v<V> && !std::is_array_v<V> && requires(V v) {
  requires std::same_as < std::remove_cvref_t<decltype(v[0])>,
  float > ;
};

/// A vector of floats or of doubles.
template <class V>
concept real_vector = float_vector<V> ||
    (!std::is_class_v<V> && !std::is_pointer_v<V> && !std::is_array_v<V> && requires(V v) {
      requires std::same_as < std::remove_cvref_t<decltype(v[0])>,
      double > ;
    });

/// What a function of numbers or of vectors has its constants in.
template <class T>
struct number_of {
  using type = T;
};
template <real_vector V>
struct number_of<V> {
  using type = std::remove_cvref_t<decltype(std::declval<V>()[0])>;
};

namespace detail {

/// Whether a V is what a register of this machine holds.
template <class V>
inline constexpr bool fits_register = sizeof(V) == isa::register_bytes_of<isa::native>;

/// Integers as wide as the floats.
template <float_vector V>
using integers_of = decltype(std::declval<V>() < std::declval<V>());

template <float_vector V>
[[gnu::always_inline]] inline V power_of_two(integers_of<V> n) {
  return std::bit_cast<V>((n + 127) << 23);
}

} // namespace detail

/// e^x, as exact as that of a float: at most 1.1 units in the last place off.
template <float_vector V>
[[gnu::always_inline]] inline V exp(V x) {
  using integers = detail::integers_of<V>;
  constexpr float lowest = -87.0f;
  constexpr float highest = 88.72f;
  const V bounded = x < lowest ? V{} + lowest : (x <= highest ? x : V{} + highest); // NaN: highest
  const V scaled = bounded * 1.44269504f;
  const integers n =
      __builtin_convertvector(scaled + (scaled < 0.0f ? V{} - 0.5f : V{} + 0.5f), integers);
  const V real_n = __builtin_convertvector(n, V);
  const V r = (bounded - real_n * 0.693359375f) + real_n * 2.12194440e-4f;
  V p = V{} + 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * (r * r) + r + 1.0f;
  const integers half = n >> 1;
  const V result = p * detail::power_of_two<V>(half) * detail::power_of_two<V>(n - half);
  const V beyond = x > highest ? V{} + std::numeric_limits<float>::infinity() : x; // or NaN
  return x < lowest ? V{} : (x <= highest ? result : beyond);
}

/// Hyperbolic tangent, at most 1.6 units in the last place off.
template <float_vector V>
[[gnu::always_inline]] inline V tanh(V x) {
  const V magnitude = x < 0.0f ? -x : x;
  const V square = x * x;
  V denominator = V{} + 11.0f;
  for (int k = 9; k > 0; k -= 2) {
    denominator = static_cast<float>(k) + square / denominator;
  }
  const V near = x / denominator;
  const V far = 1.0f - 2.0f / (exp(2.0f * magnitude) + 1.0f);
  return magnitude < 0.625f ? near : (x < 0.0f ? -far : far);
}

/// Logistic function 1 / (1 + e^-x), at most 2.5 units in the last place off where it is a normal
/// number.
template <float_vector V>
[[gnu::always_inline]] inline V sigmoid(V x) {
  return 1.0f / (1.0f + exp(-x));
}

/// Square root, correctly rounded. The instruction by name: a compiler takes the root of a vector
/// lane by lane, because each might have to set errno.
template <real_vector V>
[[gnu::always_inline]] inline V sqrt(V x) {
  [[maybe_unused]] constexpr bool is_float = float_vector<V>;
  V result;
#if defined(__AVX__)
  if constexpr (detail::fits_register<V> && is_float) {
    asm("vsqrtps %1, %0" : "=v"(result) : "v"(x));
    return result;
  } else if constexpr (detail::fits_register<V>) {
    asm("vsqrtpd %1, %0" : "=v"(result) : "v"(x));
    return result;
  }
#elif defined(__SSE2__)
  if constexpr (detail::fits_register<V> && is_float) {
    asm("sqrtps %1, %0" : "=x"(result) : "x"(x));
    return result;
  } else if constexpr (detail::fits_register<V>) {
    asm("sqrtpd %1, %0" : "=x"(result) : "x"(x));
    return result;
  }
#elif defined(__aarch64__)
  if constexpr (detail::fits_register<V> && is_float) {
    asm("fsqrt %0.4s, %1.4s" : "=w"(result) : "w"(x));
    return result;
  } else if constexpr (detail::fits_register<V>) {
    asm("fsqrt %0.2d, %1.2d" : "=w"(result) : "w"(x));
    return result;
  }
#endif
  for (std::size_t lane = 0; lane < sizeof(V) / sizeof(x[0]); ++lane) {
    result[lane] = math::sqrt(x[lane]);
  }
  return result;
}

} // namespace mote::math
