// The quantized dense product that passes by inputs that are zero, as plain loops: the bits of
// dense_int8.
#pragma once

#include <mote/kernels/int8_product.hpp>
#include <mote/kernels/unrolled.hpp>

#include <cstddef>
#include <cstdint>

namespace mote::kernels {

template <class Isa>
struct sparse_dense_int8 {
  /// What dense_int8<Isa>::forward gives. A code equal to the input's zero point is zero.
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Product>
  static constexpr void forward(std::size_t rows, const std::int8_t* x, const Product& layer,
                                std::int8_t* y) {
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
  /// Units that share the tests of the inputs, as many as have room in the registers of a small
  /// core.
  static constexpr std::size_t block = 4;

  template <class Rounding, std::size_t Inputs, std::size_t Count, class Product>
  static constexpr void units(const std::int8_t* x, const Product& layer, std::size_t first,
                              std::int8_t* y) {
    std::int32_t sums[Count]{};
    const auto weights = layer.weights + first * Inputs;
    for (std::size_t i = 0; i < Inputs; ++i) {
      // A product has 16 bits at most, an int of the smallest machines.
      const int value = x[i] - static_cast<int>(layer.input_zero_point);
      if (value != 0) {
        unrolled<Count>([&](auto u) { sums[u] += value * weights[u * Inputs + i]; });
      }
    }
    for (std::size_t u = 0; u < Count; ++u) {
      y[first + u] = layer.template output<Rounding>(sums[u], first + u);
    }
  }
};

/// The same for weights that are constants, as constant_dense_int8 is for dense layers.
template <class Isa, class Policy>
struct constant_sparse_dense_int8 {
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr bool fits = false;
};

} // namespace mote::kernels
