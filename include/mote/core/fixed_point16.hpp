// The 16-bit arithmetic in which TensorFlow Lite computes some int8 activations.
#pragma once

#include <mote/core/fixed_point.hpp>

#include <cstdint>

namespace mote::fixed_point16 {

constexpr std::int16_t saturate(std::int32_t x) {
  return static_cast<std::int16_t>(clamp_to<std::int32_t>(x, -32768, 32767));
}

/// round(a * b / 2^15), a tie to the larger.
constexpr std::int16_t rounding_product(std::int16_t a, std::int16_t b) {
  return saturate((std::int32_t{a} * b + (1 << 14)) >> 15);
}

/// a * b / 2^15 towards zero.
constexpr std::int16_t product(std::int16_t a, std::int16_t b) {
  return saturate(std::int32_t{a} * b / (std::int32_t{1} << 15));
}

/// round(x / 2^exponent), ties away from zero. Requires 0 <= exponent.
constexpr std::int16_t divide_by_power_of_two(std::int16_t x, int exponent) {
  return exponent > 16
             ? std::int16_t{0}
             : static_cast<std::int16_t>(rounding::twice::divide_by_power_of_two(x, exponent));
}

/// x * 2^exponent.
constexpr std::int16_t shift_left(std::int16_t x, int exponent) {
  return saturate(static_cast<std::int32_t>(clamp_to<std::int64_t>(
      std::int64_t{x} * (std::int64_t{1} << (exponent > 30 ? 30 : exponent)), -32768, 32767)));
}

/// A Q31 mantissa as one of Q15: DownScaleInt32ToInt16Multiplier.
constexpr std::int16_t mantissa(std::int32_t wide) {
  return wide >= 2147483647 - (std::int32_t{1} << 15)
             ? std::int16_t{32767}
             : static_cast<std::int16_t>((wide + (std::int32_t{1} << 15)) >> 16);
}

} // namespace mote::fixed_point16
