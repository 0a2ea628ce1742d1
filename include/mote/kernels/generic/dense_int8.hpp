// The quantized dense product as plain loops: the bits that every target has to reproduce.
#pragma once

#include <mote/core/fixed_point.hpp>

#include <cstddef>
#include <cstdint>

namespace mote::kernels {

/// The integers of one quantized dense layer, as its parameters hold them.
struct dense_int8_view {
  const std::int8_t* weights;      // [Outputs][Inputs], symmetric: their zero point is 0
  const std::int32_t* bias;        // [Outputs], in units of input scale x weight scale
  const std::int32_t* multipliers; // [Outputs], Q31 mantissas
  const std::int8_t* shifts;       // [Outputs], powers of two
  std::int32_t input_zero_point;
  std::int32_t output_zero_point;
  std::int32_t lowest; // of the output, which is how a fused relu clamps
  std::int32_t highest;
};

template <class Isa>
struct dense_int8 {
  /// y = clamp(zero_point + multiplier (sum of (x - zero point) w + bias)), Jacob et al.,
  /// "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
  /// Inference", 2018, equation 7. Requires biases that leave room for the sum, see
  /// int8_dense::quantize.
  template <class Rounding, std::size_t Inputs, std::size_t Outputs>
  static constexpr void forward(std::size_t rows, const std::int8_t* x,
                                const dense_int8_view& layer, std::int8_t* y) {
    static_assert(Inputs <= 65536,
                  "mote: a sum of more than 65536 int8 products may leave 32 bits");
    for (std::size_t row = 0; row < rows; ++row) {
      const std::int8_t* weights = layer.weights;
      for (std::size_t o = 0; o < Outputs; ++o) {
        std::int32_t sum = layer.bias[o];
        for (std::size_t i = 0; i < Inputs; ++i) {
          sum += (x[i] - layer.input_zero_point) * weights[i];
        }
        sum = Rounding::multiply(sum, layer.multipliers[o], layer.shifts[o]) +
              layer.output_zero_point;
        y[o] = static_cast<std::int8_t>(clamp_to(sum, layer.lowest, layer.highest));
        weights += Inputs;
      }
      x += Inputs;
      y += Outputs;
    }
  }
};

} // namespace mote::kernels
