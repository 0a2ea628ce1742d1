// The quantized dense product of constant weights that passes by inputs that are zero, by Arm's DSP
// extension.
#pragma once

#include <mote/core/policy.hpp>
#include <mote/kernels/arm_dsp/dense_int8.hpp>
#include <mote/kernels/generic/sparse_dense_int8.hpp>
#include <mote/kernels/scalar32/sparse_dense_int8.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels {

namespace arm_dsp {

/// PKHBT, PKHTB: the lower lanes of two words, and the upper. In assembly, since GCC 12 does not
/// see that the second is an instruction.
[[gnu::always_inline]] constexpr std::uint32_t lower_lanes(std::uint32_t a, std::uint32_t b) {
#if defined(__ARM_FEATURE_DSP)
  if (!std::is_constant_evaluated()) {
    std::uint32_t result;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(a), "r"(b));
    return result;
  }
#endif
  return (a & 0xFFFF) | b << 16;
}
[[gnu::always_inline]] constexpr std::uint32_t upper_lanes(std::uint32_t a, std::uint32_t b) {
#if defined(__ARM_FEATURE_DSP)
  if (!std::is_constant_evaluated()) {
    std::uint32_t result;
    __asm__("pkhtb %0, %2, %1, asr #16" : "=r"(result) : "r"(a), "r"(b));
    return result;
  }
#endif
  return a >> 16 | (b & 0xFFFF0000);
}

/// Four outputs at a time by pairs of inputs that are not zero. A word holds the weights a, b, c, d
/// of an input as the lanes 256 b + a and 256 d + c, see packing::lanes.
template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
struct sparse_product {
  using scaling = requantization<Rounding, Constants>;
  using table = dense_table<Rounding, Inputs, Outputs, Constants>;

  static constexpr bool fits = scaling::fits && table::rows_packing == packing::lanes;

  static constexpr std::size_t block = 4;
  static constexpr std::size_t blocks = (Outputs + block - 1) / block;

  /// Of each block [Inputs].
  static constexpr auto weights = [] {
    std::array<std::uint32_t, blocks * Inputs> result{};
    const auto weight = [](std::size_t o, std::size_t i) -> std::int32_t {
      return o < Outputs ? Constants::value.weights[o * Inputs + i] : 0;
    };
    for (std::size_t at = 0; at < result.size(); ++at) {
      const std::size_t o = at / Inputs * block;
      const std::size_t i = at % Inputs;
      result[at] =
          lanes(256 * weight(o + 1, i) + weight(o, i), 256 * weight(o + 3, i) + weight(o + 2, i));
    }
    return result;
  }();

  struct channel {
    std::int32_t doubled_bias;
    std::int32_t multiplier;
    std::int32_t shift; ///< exponent - 1
  };
  static constexpr auto channels = [] {
    std::array<channel, Outputs> result{};
    for (std::size_t o = 0; o < Outputs; ++o) {
      const auto numbers = scaling::at(o);
      result[o] = {fits ? 2 * numbers.bias : 0, numbers.multiplier, numbers.exponent - 1};
    }
    return result;
  }();

  static constexpr std::size_t flash_bytes = sizeof weights + sizeof channels;

  static constexpr void forward(const std::int8_t* x, std::int8_t* y) {
    lane_sums sums[2 * blocks]{};
    for (std::size_t first = 0; first < Inputs; first += most_inputs) {
      pair pairs[most_inputs / 2];
      const pair* end = list_pairs(x, first, std::min(first + most_inputs, Inputs), pairs);
      if (end != pairs) {
        const std::uint32_t* w = opaque(weights.data());
        for (std::size_t b = 0; b < blocks; ++b) {
          add(pairs, end, w, sums + 2 * b);
          w += Inputs;
        }
      }
    }
    for (std::size_t o = 0; o < Outputs; ++o) {
      const lane_sums& both = sums[o / 2];
      const std::int32_t doubled = o % 2 == 0 ? 2 * both.first : (both.all - both.first) >> 7;
      const channel& c = channels[o];
      y[o] = scaling::template code<isa::arm_dsp>(doubled + c.doubled_bias, c.multiplier, c.shift);
    }
  }

private:
  /// The sum of products with whole lanes, modulo 2^32, and with the first weight of them.
  struct lane_sums {
    std::int32_t all;
    std::int32_t first;
  };
  /// Two inputs that are not zero, or one and another that is.
  struct pair {
    std::uint32_t first; ///< which they are
    std::uint32_t second;
    std::uint32_t values; ///< lanes, without the zero point
  };
  /// How many inputs are looked at before their weights are added.
  static constexpr std::size_t most_inputs = 64;

  static constexpr const pair* list_pairs(const std::int8_t* x, std::size_t first, std::size_t last,
                                          pair* to) {
    constexpr std::int32_t zero_point = scaling::constants::input_zero_point;
    std::size_t waiting = Inputs;
    const auto look_at = [&](std::size_t i) __attribute__((always_inline)) {
      if (x[i] != zero_point) {
        if (waiting == Inputs) {
          waiting = i;
        } else {
          *to++ = {static_cast<std::uint32_t>(waiting), static_cast<std::uint32_t>(i),
                   lanes(x[waiting] - zero_point, x[i] - zero_point)};
          waiting = Inputs;
        }
      }
    };
    for (; first + 4 <= last; first += 4) {
      if (!scalar32::are_all<zero_point>(x + first)) {
        unrolled<4>([&](auto i) __attribute__((always_inline)) { look_at(first + i); });
      }
    }
    for (; first < last; ++first) {
      look_at(first);
    }
    if (waiting != Inputs) {
      *to++ = {static_cast<std::uint32_t>(waiting), 0, lanes(x[waiting] - zero_point, 0)};
    }
    return to;
  }

  /// Moves `from` behind it.
  [[gnu::always_inline]] static constexpr pair load(const pair*& from) {
#if defined(__ARM_FEATURE_DSP)
    if (!std::is_constant_evaluated()) { // GCC 12 would take three loads and an addition
      pair result;
      const pair* behind = from;
      __asm__("ldrd %0, %1, [%3], #8\n\tldr %2, [%3], #4"
              : "=&r"(result.first), "=&r"(result.second), "=&r"(result.values), "+&r"(behind)
              : "m"(*from));
      from = behind;
      return result;
    }
#endif
    return *from++;
  }

  [[gnu::always_inline]] static constexpr void add(const pair* pairs, const pair* end,
                                                   const std::uint32_t* words, lane_sums* sums) {
    lane_sums low = sums[0];
    lane_sums high = sums[1];
    do {
      const pair both = load(pairs);
      const std::uint32_t values = both.values;
      const std::uint32_t a = words[both.first];
      const std::uint32_t b = words[both.second];
      const std::uint32_t lower = lower_lanes(a, b);
      low.all = smlad(lower, values, low.all);
      low.first = smlad(even_bytes(lower), values, low.first);
      const std::uint32_t upper = upper_lanes(a, b);
      high.all = smlad(upper, values, high.all);
      high.first = smlad(even_bytes(upper), values, high.first);
    } while (pairs != end);
    sums[0] = low;
    sums[1] = high;
  }
};

struct constant_sparse_dense_int8 {
  /// Where weights do not fit lanes, one multiplication for each.
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  using product =
      std::conditional_t<sparse_product<Rounding, Inputs, Outputs, Constants>::fits,
                         sparse_product<Rounding, Inputs, Outputs, Constants>,
                         scalar32::sparse_product<Rounding, Constants, Outputs, Inputs>>;

  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr bool fits = product<Rounding, Inputs, Outputs, Constants>::fits;

  /// Of all constants that are kept in place of the layer's parameters.
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr std::size_t flash_bytes =
      product<Rounding, Inputs, Outputs, Constants>::flash_bytes;

  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr void forward(std::size_t rows, const std::int8_t* x, std::int8_t* y) {
    for (std::size_t row = 0; row < rows; ++row) {
      product<Rounding, Inputs, Outputs, Constants>::forward(x, y);
      x += Inputs;
      y += Outputs;
    }
  }
};

} // namespace arm_dsp

template <>
struct constant_sparse_dense_int8<isa::arm_dsp, balanced> : arm_dsp::constant_sparse_dense_int8 {};
template <>
struct constant_sparse_dense_int8<isa::arm_dsp, fastest> : arm_dsp::constant_sparse_dense_int8 {};

} // namespace mote::kernels
