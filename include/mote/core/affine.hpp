// The affine mapping between real numbers and 8-bit integers, and factors as integers.
#pragma once

#include <cstdint>
#include <limits>

namespace mote {

/// real = scale * (integer - zero_point). The scale is a float because that is what TensorFlow Lite
/// stores; products of scales are formed in double, as it does.
struct affine {
  float scale = 1.0f;
  std::int32_t zero_point = 0;

  friend constexpr bool operator==(const affine&, const affine&) = default;
};

/// The values a tensor took.
struct range {
  float lowest = 0.0f;
  float highest = 0.0f;

  constexpr void include(float value) {
    lowest = value < lowest ? value : lowest;
    highest = value > highest ? value : highest;
  }
};

/// Nearest integer, ties away from zero, clamped to what T holds. NaN becomes 0.
template <class T>
constexpr T round_to(double x) {
  constexpr auto lowest = static_cast<double>(static_cast<T>(T{1} << (sizeof(T) * 8 - 1)));
  constexpr double highest = -(lowest + 1.0);
  if (x != x) {
    return T{0};
  }
  if (x <= lowest) {
    return static_cast<T>(lowest);
  }
  if (x >= highest) {
    return static_cast<T>(highest);
  }
  const auto towards_zero = static_cast<std::int64_t>(x);
  // Adding a half to x itself would carry the double just below 0.5 up to 1.
  const double rest = x - static_cast<double>(towards_zero);
  return static_cast<T>(towards_zero + (rest >= 0.5 ? 1 : rest <= -0.5 ? -1 : 0));
}

/// The int8 code of a real number.
constexpr std::int8_t quantize(double real, const affine& to) {
  return round_to<std::int8_t>(
      static_cast<double>(round_to<std::int32_t>(real / static_cast<double>(to.scale))) +
      to.zero_point);
}

/// The real number that an int8 code stands for.
constexpr float dequantize(std::int8_t code, const affine& from) {
  return from.scale * static_cast<float>(code - from.zero_point);
}

/// Asymmetric int8 mapping of a range. The range is widened to contain 0, which must be exact
/// because padding and relu produce it (TensorFlow Lite, "8-bit quantization specification").
constexpr affine asymmetric(range values) {
  values.include(0.0f);
  const double lowest = static_cast<double>(values.lowest);
  const double width = static_cast<double>(values.highest) - lowest;
  if (!(width > 0.0)) {
    return {1.0f, 0};
  }
  const auto scale = static_cast<float>(width / 255.0);
  if (!(scale > 0.0f)) { // too narrow for a float of its own
    return {std::numeric_limits<float>::min(), values.lowest < 0.0f ? 127 : -128};
  }
  return {scale, round_to<std::int8_t>(-128.0 - lowest / static_cast<double>(scale))};
}

/// A positive factor as mantissa * 2^(shift - 31) with the mantissa in [2^30, 2^31): TensorFlow
/// Lite's QuantizeMultiplier. Factors below 2^-32 become 0, those from 2^30 on the largest there
/// is.
struct fixed_factor {
  std::int32_t mantissa = 0;
  std::int8_t shift = 0;
};

constexpr fixed_factor to_fixed(double factor) {
  constexpr fixed_factor largest{2147483647, 30};
  if (!(factor > 0.0)) {
    return {};
  }
  if (factor >= 0x1p30) { // also infinity, which no halving brings below 1
    return largest;
  }
  int shift = 0;
  for (; factor >= 1.0; ++shift) {
    factor /= 2.0;
  }
  for (; factor < 0.5; --shift) {
    factor *= 2.0;
  }
  auto mantissa = static_cast<std::int64_t>(factor * 2147483648.0 + 0.5);
  if (mantissa == std::int64_t{1} << 31) {
    mantissa /= 2;
    ++shift;
  }
  if (shift < -31) {
    return {};
  }
  if (shift > 30) {
    return largest;
  }
  return {static_cast<std::int32_t>(mantissa), static_cast<std::int8_t>(shift)};
}

} // namespace mote
