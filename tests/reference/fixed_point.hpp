// The arithmetic of the TensorFlow Lite int8 specification as exact fractions, rounded by rules
// that are written out. It shares nothing with the library, whose shortcuts it is there to judge.
#pragma once

#include <cmath>
#include <cstdint>

namespace reference {

/// Wide enough for every product of a sum, a mantissa and a power of two.
__extension__ typedef __int128 integer;

constexpr integer highest = 2147483647;
constexpr integer lowest = -highest - 1;

constexpr integer saturate(integer x, integer from = lowest, integer to = highest) {
  return x < from ? from : x > to ? to : x;
}

constexpr integer power_of_two(int exponent) {
  return static_cast<integer>(1) << exponent;
}

/// The largest integer that is at most a / b. Requires b > 0.
constexpr integer floor_of(integer a, integer b) {
  return a / b - (a % b != 0 && a < 0 ? 1 : 0);
}

/// a / b to the nearest integer, a tie to the larger of the two.
constexpr integer nearest_ties_up(integer a, integer b) {
  return floor_of(2 * a + b, 2 * b);
}

/// a / b to the nearest integer, a tie to the one farther from 0.
constexpr integer nearest_ties_away(integer a, integer b) {
  return a < 0 ? -nearest_ties_up(-a, b) : nearest_ties_up(a, b);
}

/// SaturatingRoundingDoublingHighMul: a b / 2^31. What overflows is only lowest times lowest.
constexpr integer doubling_high_product(integer a, integer b) {
  return saturate(nearest_ties_up(a * b, power_of_two(31)));
}

/// MultiplyByQuantizedMultiplier: x mantissa 2^(shift - 31), rounded to Q31 and again after a right
/// shift. The specification leaves the overflow of a left shift open; mote saturates.
constexpr integer multiply_twice(integer x, integer mantissa, int shift) {
  const integer shifted = shift > 0 ? saturate(x * power_of_two(shift)) : x;
  return nearest_ties_away(doubling_high_product(shifted, mantissa),
                           power_of_two(shift < 0 ? -shift : 0));
}

/// The same under TFLITE_SINGLE_ROUNDING.
constexpr integer multiply_once(integer x, integer mantissa, int shift) {
  return saturate(nearest_ties_up(x * mantissa, power_of_two(31 - shift)));
}

/// The int8 code of real / scale + zero_point. Floats are fractions with a power of two below, so
/// the quotient is exact. Requires exponents that differ by less than 2^60 and a scale > 0.
inline integer code_of(float real, float scale, integer zero_point) {
  int real_exponent = 0;
  int scale_exponent = 0;
  auto a = static_cast<integer>(std::ldexp(std::frexp(real, &real_exponent), 24));
  auto b = static_cast<integer>(std::ldexp(std::frexp(scale, &scale_exponent), 24));
  const int exponent = real_exponent - scale_exponent;
  (exponent < 0 ? b : a) *= power_of_two(exponent < 0 ? -exponent : exponent);
  return saturate(nearest_ties_away(a, b) + zero_point, -128, 127);
}

} // namespace reference
