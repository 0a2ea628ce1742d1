// The quantized dense product as plain loops: the bits that every target has to reproduce.
#pragma once

#include <mote/kernels/int8_product.hpp>
#include <mote/kernels/unrolled.hpp>

#include <cstddef>
#include <cstdint>

namespace mote::kernels {

template <class Isa>
struct dense_int8 {
  /// y = the code of the sum of (x - zero point) w over all inputs, see int8_product.
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Product>
  static constexpr void forward(std::size_t rows, const std::int8_t* x, const Product& layer,
                                std::int8_t* y) {
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

  template <class Rounding, std::size_t Inputs, std::size_t Count, class Product>
  static constexpr void units(const std::int8_t* x, const Product& layer, std::size_t first,
                              std::int8_t* y) {
    std::int32_t sums[Count]{};
    const auto weights = layer.weights + first * Inputs;
    for (std::size_t i = 0; i < Inputs; ++i) {
      // A product has 16 bits at most, an int of the smallest machines.
      const int value = x[i] - static_cast<int>(layer.input_zero_point);
      unrolled<Count>([&](auto u) { sums[u] += value * weights[u * Inputs + i]; });
    }
    for (std::size_t u = 0; u < Count; ++u) {
      y[first + u] = layer.template output<Rounding>(sums[u], first + u);
    }
  }
};

/// The same for weights that are constants, see mote::constant_pass. This template says that there
/// is no such kernel; an instruction set's specialization tells in `fits` whether it is exact for
/// the numbers in `Constants::value` (the layer's parameters), and defines
/// `forward<Rounding, Inputs, Outputs, Constants>(rows, x, y)`.
template <class Isa, class Policy>
struct constant_dense_int8 {
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr bool fits = false;
};

} // namespace mote::kernels
