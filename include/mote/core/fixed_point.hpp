// Integer arithmetic of quantized networks, exact to the TensorFlow Lite int8 specification.
#pragma once

#include <cstdint>
#include <limits>

namespace mote {

/// How a 32-bit sum is multiplied by a real factor below 1 that is kept as a Q31 mantissa and a
/// power of two. TensorFlow Lite has two answers that can differ by one unit, so a network's type
/// names its own. Both are MultiplyByQuantizedMultiplier of TensorFlow Lite's reference kernels.
namespace rounding {

/// x kept within 32 bits. What does not fit is the sign in all bits but the last one's, flipped:
/// without a branch, as everything here, so that the time that a network takes says nothing about
/// its input.
constexpr std::int32_t saturate(std::int64_t x) {
  const auto low = static_cast<std::int32_t>(static_cast<std::uint32_t>(x & 0xFFFFFFFF));
  const auto high = static_cast<std::int32_t>(x >> 32);
  const std::int32_t end = (high >> 31) ^ std::numeric_limits<std::int32_t>::max();
  const std::int32_t overflows = -static_cast<std::int32_t>(high != low >> 31);
  return (low & ~overflows) | (end & overflows);
}

/// x * 2^shift, kept within 32 bits. (The reference leaves overflow undefined; here it saturates.)
constexpr std::int32_t shift_left_saturating(std::int32_t x, int shift) {
  return saturate(static_cast<std::int64_t>(x) * (std::int64_t{1} << shift));
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

  /// SaturatingRoundingDoublingHighMul: a b / 2^31 to nearest. Its nudge of 1 - 2^30 for negative
  /// products, together with a division towards zero, sends ties upwards like those of positive
  /// ones.
  static constexpr std::int32_t doubling_high_product(std::int32_t a, std::int32_t b) {
    // lowest x lowest is the only product that saturates.
    return saturate((static_cast<std::int64_t>(a) * b + (std::int64_t{1} << 30)) >> 31);
  }

  /// RoundingDivideByPOT: round(x / 2^exponent), ties away from zero. Requires 0 <= exponent <= 31.
  static constexpr std::int32_t divide_by_power_of_two(std::int32_t x, int exponent) {
    const auto mask = static_cast<std::int32_t>((std::int64_t{1} << exponent) - 1);
    const std::int32_t remainder = x & mask;
    const std::int32_t threshold = (mask >> 1) + static_cast<std::int32_t>(x < 0);
    return (x >> exponent) + static_cast<std::int32_t>(remainder > threshold);
  }
};

/// Rounds once, to nearest with ties upwards: TFLITE_SINGLE_ROUNDING.
struct once {
  static constexpr const char* name = "once";

  static constexpr std::int32_t multiply(std::int32_t x, std::int32_t mantissa, int shift) {
    const int right = 31 - shift;
    const std::int64_t half = std::int64_t{1} << (right - 1);
    return saturate((static_cast<std::int64_t>(x) * mantissa + half) >> right);
  }
};

} // namespace rounding

/// x within [lowest, highest].
template <class T>
constexpr T clamp_to(T x, T lowest, T highest) {
  const T at_least = x < lowest ? lowest : x; // two steps, for which no compiler needs a branch
  return at_least > highest ? highest : at_least;
}

} // namespace mote
