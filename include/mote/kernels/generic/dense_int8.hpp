// The quantized dense product as plain loops: the bits that every target has to reproduce.
#pragma once

#include <mote/core/fixed_point.hpp>
#include <mote/kernels/unrolled.hpp>

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
    constexpr std::size_t tail = Outputs % block;
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t o = 0; o + block <= Outputs; o += block) {
        units<Rounding, Inputs, block>(x, layer, o, y);
      }
      if constexpr (tail > 0) {
        units<Rounding, Inputs, tail>(x, layer, Outputs - tail, y);
      }
      x += Inputs;
      y += Outputs;
    }
  }

private:
  /// Units that share one pass over the input: each input is loaded and shifted once for all of
  /// them, and four sums still fit the registers of a small core.
  static constexpr std::size_t block = 4;

  template <class Rounding, std::size_t Inputs, std::size_t Count>
  static constexpr void units(const std::int8_t* x, const dense_int8_view& layer, std::size_t first,
                              std::int8_t* y) {
    std::int32_t sums[Count]{};
    const std::int8_t* weights = layer.weights + first * Inputs;
    for (std::size_t i = 0; i < Inputs; ++i) {
      const std::int32_t value = x[i] - layer.input_zero_point;
      unrolled<Count>([&](auto u) { sums[u] += value * weights[u * Inputs + i]; });
    }
    for (std::size_t u = 0; u < Count; ++u) {
      const std::size_t o = first + u;
      const std::int32_t scaled =
          Rounding::multiply(sums[u] + layer.bias[o], layer.multipliers[o], layer.shifts[o]);
      // Clamped before the zero point is added: a saturated product leaves no room for it.
      const std::int32_t zero_point = layer.output_zero_point;
      y[o] = static_cast<std::int8_t>(
          clamp_to(scaled, layer.lowest - zero_point, layer.highest - zero_point) + zero_point);
    }
  }
};

} // namespace mote::kernels
