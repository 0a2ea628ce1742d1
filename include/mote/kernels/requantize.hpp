// From the 32-bit sums of a layer whose parameters are constants to int8 codes, without a branch:
// what compilers can prove about the sums leaves a product and a shift.
#pragma once

#include <mote/core/fixed_point.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace mote::kernels {

/// The steps from a sum to a code. An instruction set that has them as instructions specializes
/// this.
template <class Isa>
struct scaling_steps {
  /// floor(a b / 2^32) + c, the upper half of a product. Requires that it fits 32 bits.
  static constexpr std::int32_t multiply_add(std::int32_t a, std::int32_t b, std::int32_t c) {
    return static_cast<std::int32_t>((static_cast<std::int64_t>(a) * b) >> 32) + c;
  }
  /// a b / 2^32 to nearest, ties upwards, + c.
  static constexpr std::int32_t multiply_add_rounded(std::int32_t a, std::int32_t b,
                                                     std::int32_t c) {
    constexpr std::int64_t half = std::int64_t{1} << 31;
    return static_cast<std::int32_t>((static_cast<std::int64_t>(a) * b + half) >> 32) + c;
  }
  /// floor(x / 2^Shift), kept within eight bits.
  template <std::int32_t Shift>
  static constexpr std::int32_t shift_saturating(std::int32_t x) {
    return clamp_to<std::int32_t>(x >> Shift, -128, 127);
  }
};

/// What consteval code knows of a quantized layer of weighted sums, of which `Constants::value` are
/// the parameters (mote::int8_product_parameters).
template <class Constants>
struct product_constants {
  static constexpr const auto& value = Constants::value;
  static constexpr std::size_t outputs = std::remove_cvref_t<decltype(value.bias)>::size;
  static constexpr std::size_t terms = std::remove_cvref_t<decltype(value.weights)>::size / outputs;
  static constexpr std::int32_t input_zero_point = value.input_zero_point[0];
  static constexpr std::int32_t output_zero_point = value.output_zero_point[0];
  static constexpr std::int32_t lowest = value.lowest[0];
  static constexpr std::int32_t highest = value.highest[0];

  /// What is between the ends of a sum.
  struct interval {
    std::int64_t lowest;
    std::int64_t highest;
    constexpr std::int64_t magnitude() const { return std::max(-lowest, highest); }
  };

  struct channel {
    interval sum;                   ///< with the bias, for any input, also with some terms left out
    std::int32_t weights = 0;       ///< their sum
    bool is_dead = true;            ///< all weights are zero
    bool has_lowest_weight = false; ///< -128, which no quantizer of symmetric weights makes
  };

  static constexpr auto channels = [] {
    std::array<channel, outputs> result{};
    for (std::size_t o = 0; o < outputs; ++o) {
      channel& c = result[o];
      std::int32_t positive = 0;
      std::int32_t negative = 0;
      const std::int8_t* weights = value.weights.data() + o * terms;
      for (std::size_t i = 0; i < terms; ++i) { // the compiler takes 10 us for each turn
        const int weight = weights[i];
        (weight > 0 ? positive : negative) += weight;
        c.has_lowest_weight |= weight == -128;
      }
      constexpr std::int64_t least = -128 - input_zero_point;
      constexpr std::int64_t most = 127 - input_zero_point;
      c.sum = {value.bias[o] + positive * least + negative * most,
               value.bias[o] + positive * most + negative * least};
      c.weights = positive + negative;
      c.is_dead = positive == 0 && negative == 0;
    }
    return result;
  }();
};

/// code = clamp(zero point + Rounding::multiply(sum, multiplier, shift)) for the layer of
/// `Constants`, see kernels::int8_product: what `requantization` and `aligned_requantization`
/// share.
template <class Rounding, class Constants>
struct requantization_constants {
  using constants = product_constants<Constants>;
  static_assert(std::is_same_v<Rounding, rounding::twice> ||
                std::is_same_v<Rounding, rounding::once>);
  static constexpr bool rounds_twice = std::is_same_v<Rounding, rounding::twice>;

  /// Whether a tie below zero goes downwards, which is seen only where codes below the zero point
  /// are not clamped anyway.
  static constexpr bool rounds_negative_ties_down =
      rounds_twice && constants::lowest < constants::output_zero_point;

  /// The numbers of one output channel.
  struct channel {
    std::int32_t bias = 0;
    std::int32_t multiplier = 0;
    std::int32_t exponent = 1; ///< of the right shift, at least 1
  };

  /// Channel `o`. One without weights, whose scale may be anything, becomes a constant that is
  /// reached by a shift like the others'.
  static constexpr channel at(std::size_t o) {
    const auto& value = Constants::value;
    if (constants::channels[o].is_dead) {
      const std::int32_t scaled =
          Rounding::multiply(value.bias[o], value.multipliers[o], value.shifts[o]);
      return {4 * clamp_to(scaled, constants::lowest - constants::output_zero_point,
                           constants::highest - constants::output_zero_point),
              1 << 30, 1};
    }
    return {value.bias[o], value.multipliers[o], -value.shifts[o]};
  }

  /// What a sum with its bias is at most, whatever its sign.
  static constexpr std::int64_t magnitude(std::size_t o) {
    const std::int64_t bias = at(o).bias;
    return constants::channels[o].is_dead ? std::max(-bias, bias)
                                          : constants::channels[o].sum.magnitude();
  }

  /// The bias if inputs are taken as they are, without subtracting their zero point.
  static constexpr std::int32_t folded_bias(std::size_t o) {
    return at(o).bias - constants::input_zero_point * constants::channels[o].weights;
  }

  static constexpr std::int32_t largest_exponent = [] {
    std::int32_t largest = 1;
    for (std::size_t o = 0; o < constants::outputs; ++o) {
      largest = std::max(largest, at(o).exponent);
    }
    return largest;
  }();

  /// Whether all channels shift to the right, and doubled sums and offsets fit 32 bits. If not,
  /// a kernel has to call Rounding::multiply.
  static constexpr bool fits = [] {
    for (std::size_t o = 0; o < constants::outputs; ++o) {
      // The offset is below 2^(8 + 22 - 1), the product below the sum.
      if (at(o).exponent < 1 || at(o).exponent > 22 || at(o).multiplier < 0 ||
          magnitude(o) >= std::int64_t{1} << 30) {
        return false;
      }
    }
    return true;
  }();

protected:
  template <class Isa, std::int32_t Shift>
  [[gnu::always_inline]] static constexpr std::int8_t clamped(std::int32_t scaled) {
    scaled = scaling_steps<Isa>::template shift_saturating<Shift>(scaled);
    if constexpr (constants::lowest > -128 || constants::highest < 127) {
      scaled = clamp_to(scaled, constants::lowest, constants::highest);
    }
    return static_cast<std::int8_t>(scaled);
  }
};

/// From sums that come doubled: then the upper half of their product with the mantissa is the sum
/// times the Q31 number.
///
/// With 2^e for the right shift, the last steps are one: floor((y + 2^(e-1)) / 2^e) + zero point is
/// (y + (2 zero point + 1) 2^(e-1)) >> e. A tie below zero goes downwards with y - 1.
template <class Rounding, class Constants>
struct requantization : requantization_constants<Rounding, Constants> {
  using base = requantization_constants<Rounding, Constants>;
  using typename base::constants;

  /// The code of a sum with its bias, doubled. `shift` is the channel's exponent - 1.
  template <class Isa>
  [[gnu::always_inline]] static constexpr std::int8_t
  code(std::int32_t doubled_sum, std::int32_t multiplier, std::int32_t shift) {
    using steps = scaling_steps<Isa>;
    const std::int32_t offset = (2 * constants::output_zero_point + 1) * (1 << shift);
    std::int32_t scaled = 0;
    if constexpr (!base::rounds_twice) {
      scaled = steps::multiply_add(doubled_sum, multiplier, offset);
    } else if constexpr (!base::rounds_negative_ties_down) {
      scaled = steps::multiply_add_rounded(doubled_sum, multiplier, offset);
    } else {
      const std::int32_t product = steps::multiply_add_rounded(doubled_sum, multiplier, 0);
      scaled = product + (product >> 31) + offset;
    }
    return base::template clamped<Isa, 1>(scaled >> shift);
  }
};

/// From sums of weights that come multiplied by powers of two of their own, 2^scale(o), so that one
/// shift is right for all channels: an immediate operand.
///
/// Let z = sum x Q31 multiplier, e the channel's exponent, E the common one and a = E - e >= 1. The
/// weights are multiplied by 2^(1 + a), so that the upper half of the product is floor(2^a z).
/// Rounding once, the code is floor(z / 2^e + 1/2) = (floor(2^a z) + 2^(E-1)) >> E. Rounding twice,
/// it is floor((floor(z + 1/2) + 2^(e-1)) / 2^e) = (floor(2^a z) + 2^(a-1) + 2^(E-1)) >> E, less
/// 2^a for z + 1/2 < 0 where ties below zero go downwards.
template <class Rounding, class Constants>
struct aligned_requantization : requantization_constants<Rounding, Constants> {
  using base = requantization_constants<Rounding, Constants>;
  using typename base::constants;

  /// The common exponent, which leaves every channel a bit to round at.
  static constexpr std::int32_t exponent = base::largest_exponent + 1;

  /// The power of two that goes into the weights and the bias of channel `o`.
  static constexpr std::int32_t scale(std::size_t o) { return 1 + exponent - base::at(o).exponent; }

  /// Whether the weights have 16 bits then, and their sums 32.
  static constexpr bool fits = [] {
    if (!base::fits || exponent > 20) {
      return false;
    }
    for (std::size_t o = 0; o < constants::outputs; ++o) {
      if ((!constants::channels[o].is_dead && scale(o) > 8) ||
          base::magnitude(o) << scale(o) >= std::int64_t{1} << 31) {
        return false;
      }
    }
    return true;
  }();

  /// What `code` takes besides the multiplier.
  static constexpr std::int32_t offset(std::size_t o) {
    const std::int32_t half = base::rounds_twice ? 1 << (scale(o) - 2) : 0;
    return base::rounds_negative_ties_down ? half : half + common_offset;
  }

  /// The code of a sum with its bias, multiplied by 2^scale.
  template <class Isa>
  [[gnu::always_inline]] static constexpr std::int8_t
  code(std::int32_t scaled_sum, std::int32_t multiplier, std::int32_t offset) {
    std::int32_t scaled = scaling_steps<Isa>::multiply_add(scaled_sum, multiplier, offset);
    if constexpr (base::rounds_negative_ties_down) {
      scaled += ((scaled >> 31) & -2 * offset) + common_offset;
    }
    return base::template clamped<Isa, exponent>(scaled);
  }

private:
  static constexpr std::int32_t common_offset =
      (2 * constants::output_zero_point + 1) * (1 << (exponent - 1));
};

} // namespace mote::kernels
