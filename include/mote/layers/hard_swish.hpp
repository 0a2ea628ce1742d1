#pragma once

#include <mote/core/fixed_point16.hpp>
#include <mote/layers/relu6.hpp>

namespace mote {

/// y = x relu6(x + 3) / 6, elementwise on any shape (Howard et al., "Searching for MobileNetV3",
/// 2019, section 5.2). dy/dx = (2 x + 3) / 6 between the kinks at -3 and 3, 0 before, 1 after.
/// In int8 a table of the nearest codes, which TensorFlow Lite's kernel may miss by one.
struct hard_swish : activation<hard_swish> {
  static constexpr const char* name = "hard_swish";
  static constexpr bool rectifies = true;
  static constexpr bool backward_reads_input = true; // y has each negative value twice
  static constexpr bool backward_reads_output = false;

  template <class T>
  static constexpr T apply(T x) {
    return x * (relu6::apply(x + T{3}) / T{6});
  }
  template <class T>
  static constexpr T derivative(T x, T) {
    return x > T{-3} ? (x < T{3} ? (T{2} * x + T{3}) / T{6} : T{1}) : T{0};
  }

  /// As HARD_SWISH of TensorFlow Lite: x on 7 bits more times relu6(x + 3) / 6 on 15 bits. The
  /// nearest code where that has no answer, because the output's scale is finer than x's there.
  template <class Rounding>
  static constexpr std::int8_t int8_code(std::int8_t code, const affine& in, const affine& out) {
    namespace wide = fixed_point16;
    const float fine_scale = (1.0f / 128.0f) * in.scale;
    const fixed_factor to_output = to_fixed(static_cast<double>(fine_scale / out.scale));
    const fixed_factor to_relu = to_fixed(static_cast<double>(fine_scale / (3.0f / 32768.0f)));
    if (to_output.shift > 0) {
      return mote::quantize(apply(static_cast<double>(dequantize(code, in))), out);
    }
    const std::int16_t x = wide::saturate((code - in.zero_point) * 128);
    std::int16_t relu = wide::shift_left(x, to_relu.shift > 0 ? to_relu.shift - 1 : 0);
    relu = wide::rounding_product(relu, wide::mantissa(to_relu.mantissa));
    relu = wide::shift_left(relu, to_relu.shift > 0 ? 1 : 0);
    relu = wide::divide_by_power_of_two(relu, to_relu.shift < 0 ? -to_relu.shift : 0);
    relu = static_cast<std::int16_t>((relu + (std::int32_t{1} << 15)) >> 1);
    const std::int16_t y = wide::divide_by_power_of_two(
        wide::product(relu, wide::rounding_product(x, wide::mantissa(to_output.mantissa))),
        -to_output.shift);
    return static_cast<std::int8_t>(clamp_to<std::int32_t>(y + out.zero_point, -128, 127));
  }
};

} // namespace mote
