// Integer arithmetic of quantized networks, exact to the TensorFlow Lite int8 specification.
#pragma once

#include <cstdint>
#include <limits>

namespace mote {

/// How a 32-bit sum is multiplied by a real factor below 1 that is kept as a Q31 mantissa and a
/// power of two. TensorFlow Lite has two answers that can differ by one unit, so a network's type
/// names its own. Both are MultiplyByQuantizedMultiplier of TensorFlow Lite's reference kernels.
namespace rounding {

/// x * 2^shift, kept within 32 bits. (The reference leaves overflow undefined; here it saturates.)
constexpr std::int32_t shift_left_saturating(std::int32_t x, int shift) {
  const std::int64_t wide = static_cast<std::int64_t>(x) * (std::int64_t{1} << shift);
  constexpr std::int64_t highest = std::numeric_limits<std::int32_t>::max();
  constexpr std::int64_t lowest = std::numeric_limits<std::int32_t>::min();
  return static_cast<std::int32_t>(wide > highest ? highest : wide < lowest ? lowest : wide);
}

/// Rounds twice, as TensorFlow Lite and CMSIS-NN do unless built otherwise: the high half of
/// 2 x mantissa to nearest, then the right shift to nearest, ties away from zero.
struct twice {
  static constexpr const char* name = "twice";

  static constexpr std::int32_t multiply(std::int32_t x, std::int32_t mantissa, int shift) {
    const int left = shift > 0 ? shift : 0;
    const int right = shift > 0 ? 0 : -shift;
    return divide_by_power_of_two(doubling_high_product(shift_left_saturating(x, left), mantissa),
                                  right);
  }

  /// SaturatingRoundingDoublingHighMul: round(a * b / 2^31).
  static constexpr std::int32_t doubling_high_product(std::int32_t a, std::int32_t b) {
    constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min();
    if (a == lowest && b == lowest) {
      return std::numeric_limits<std::int32_t>::max();
    }
    const std::int64_t product = static_cast<std::int64_t>(a) * b;
    const std::int64_t nudge = product >= 0 ? std::int64_t{1} << 30 : 1 - (std::int64_t{1} << 30);
    return static_cast<std::int32_t>((product + nudge) / (std::int64_t{1} << 31));
  }

  /// RoundingDivideByPOT: round(x / 2^exponent), ties away from zero. Requires 0 <= exponent <= 31.
  static constexpr std::int32_t divide_by_power_of_two(std::int32_t x, int exponent) {
    const auto mask = static_cast<std::int32_t>((std::int64_t{1} << exponent) - 1);
    const std::int32_t remainder = x & mask;
    const std::int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + (remainder > threshold ? 1 : 0);
  }
};

/// Rounds once, to nearest with ties upwards: TFLITE_SINGLE_ROUNDING.
struct once {
  static constexpr const char* name = "once";

  static constexpr std::int32_t multiply(std::int32_t x, std::int32_t mantissa, int shift) {
    const int right = 31 - shift;
    const std::int64_t half = std::int64_t{1} << (right - 1);
    const std::int64_t result = (static_cast<std::int64_t>(x) * mantissa + half) >> right;
    constexpr std::int64_t highest = std::numeric_limits<std::int32_t>::max();
    constexpr std::int64_t lowest = std::numeric_limits<std::int32_t>::min();
    return static_cast<std::int32_t>(result > highest  ? highest
                                     : result < lowest ? lowest
                                                       : result);
  }
};

} // namespace rounding

/// x within [lowest, highest].
template <class T>
constexpr T clamp_to(T x, T lowest, T highest) {
  return x < lowest ? lowest : x > highest ? highest : x;
}

} // namespace mote
