// Parameters of quantized layers as constants, drawn by the compiler.
#pragma once

#include <mote/core/tensor.hpp>
#include <mote/layers/int8_product.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace int8_constants {

/// A linear congruential generator with the multiplier of Knuth's MMIX, of which the upper half is
/// used.
struct generator {
  std::uint64_t state;
  constexpr std::uint32_t bits() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>(state >> 32);
  }
  constexpr int between(int low, int high) {
    return low + static_cast<int>(bits() % static_cast<std::uint32_t>(high - low + 1));
  }
};

enum class weights { any, ends, one_dead_channel };
enum class factors {
  useful,    ///< what makes codes of typical sums
  ends,      ///< mantissas and right shifts at the ends of what kernels have to take
  left_shift ///< beyond what kernels have to take
};
enum class zero_point : int { lowest = -128, middle = 3, highest = 127 };
enum class activation { none, relu, relu_with_top };

/// The layer of `Outputs` sums of `Terms` products.
template <std::size_t Outputs, std::size_t Terms, std::uint64_t Seed,
          weights Weights = weights::any, factors Factors = factors::useful,
          zero_point Input = zero_point::lowest, zero_point Output = zero_point::lowest,
          activation Activation = activation::relu>
struct layer {
  using parameters =
      mote::int8_product_parameters<mote::tensor<std::int8_t, Outputs, Terms>, Outputs>;

  static constexpr parameters value = [] {
    parameters p{};
    generator random{Seed * 7919 + Outputs * 31 + Terms};
    for (std::size_t o = 0; o < Outputs; ++o) {
      const int sign = random.between(0, 1) * 2 - 1;
      for (std::size_t i = 0; i < Terms; ++i) {
        // Mostly one sign for a row of ends, so that its sum comes near the largest there is.
        p.weights[o * Terms + i] = static_cast<std::int8_t>(
            Weights == weights::ends ? (random.between(0, 15) == 0 ? -sign : sign) * 127
                                     : random.between(-127, 127));
        if (Weights == weights::one_dead_channel && o == Outputs / 2) {
          p.weights[o * Terms + i] = 0;
        }
      }
      p.bias[o] = random.between(-20000, 20000);
      constexpr std::array<std::int32_t, 4> mantissas{1 << 30, (1 << 30) + 1, 2147483646,
                                                      2147483647};
      if (Factors == factors::ends) {
        p.multipliers[o] = mantissas[random.bits() % 4];
        p.shifts[o] = static_cast<std::int8_t>(o % 2 == 0 ? -1 : -7);
      } else {
        p.multipliers[o] = static_cast<std::int32_t>(random.bits() >> 2) + (1 << 30);
        p.shifts[o] = static_cast<std::int8_t>(-random.between(7, 10));
      }
      if ((Factors == factors::left_shift && o == 0) ||
          (Weights == weights::one_dead_channel && o == Outputs / 2)) {
        p.shifts[o] = 1;
      }
    }
    p.input_zero_point[0] = static_cast<std::int8_t>(Input);
    p.output_zero_point[0] = static_cast<std::int8_t>(Output);
    p.lowest[0] = Activation == activation::none ? std::int8_t{-128} : p.output_zero_point[0];
    p.highest[0] = static_cast<std::int8_t>(Activation == activation::relu_with_top &&
                                                    p.output_zero_point[0] < 60
                                                ? p.output_zero_point[0] + 60
                                                : 127);
    return p;
  }();
};

} // namespace int8_constants
