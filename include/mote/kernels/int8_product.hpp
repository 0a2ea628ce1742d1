// What the int8 kernels of dense layers and convolutions share.
#pragma once

#include <mote/core/fixed_point.hpp>

#include <cstddef>
#include <cstdint>

namespace mote::kernels {

/// The integers of a quantized layer of weighted sums, as its parameters hold them. The types are
/// pointers, or flash_pointers.
template <class Int8s, class Int32s>
struct int8_product {
  Int8s weights;      // [Outputs][...], symmetric: their zero point is 0
  Int32s bias;        // [Outputs], in units of input scale x weight scale
  Int32s multipliers; // [Outputs], Q31 mantissas
  Int8s shifts;       // [Outputs], powers of two
  std::int32_t input_zero_point;
  std::int32_t output_zero_point;
  std::int32_t lowest; // of the output, which is how a fused relu clamps
  std::int32_t highest;

  /// The code of output channel `o` from its sum of (x - zero point) w:
  /// clamp(zero_point + multiplier (sum + bias)), Jacob et al., "Quantization and Training of
  /// Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018, equation 7. Requires
  /// a bias that leaves room for the sum, see int8_product_parameters.
  template <class Rounding>
  constexpr std::int8_t output(std::int32_t sum, std::size_t o) const {
    const std::int32_t scaled = Rounding::multiply(sum + bias[o], multipliers[o], shifts[o]);
    // Clamped before the zero point is added: a saturated product leaves no room for it.
    return static_cast<std::int8_t>(
        clamp_to(scaled, lowest - output_zero_point, highest - output_zero_point) +
        output_zero_point);
  }
};

} // namespace mote::kernels
