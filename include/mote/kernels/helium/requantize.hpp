// From four 32-bit sums of a layer whose parameters are constants to their codes, at once.
#pragma once

#include <mote/core/fixed_point.hpp>
#include <mote/core/tensor.hpp>
#include <mote/kernels/helium/instructions.hpp>
#include <mote/kernels/requantize.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels::helium {

/// code = clamp(zero point + Rounding::multiply(sum, multiplier, shift)) for the layer of
/// `Constants`, see kernels::int8_product.
///
/// Rounding twice is VQSHL, VQRDMULH and VRSHL, which differs from the specification only in a tie
/// of a negative number: 1 is taken from those first, unless they are clamped anyway. Rounding once
/// is VQDMULH, which rounds downwards, and VRSHL by at least 1.
template <class Rounding, class Constants>
struct requantization {
  using constants = product_constants<Constants>;
  static_assert(std::is_same_v<Rounding, rounding::twice> ||
                std::is_same_v<Rounding, rounding::once>);
  static constexpr bool rounds_twice = std::is_same_v<Rounding, rounding::twice>;

  /// The numbers of one output channel: its sum starts from `bias`, which makes up for the zero
  /// point of the inputs.
  struct channel {
    std::int32_t bias = 0;
    std::int32_t multiplier = 0;
    std::int32_t left = 0;
    std::int32_t right = 0;
  };

  /// Channel `o`. One without weights, whose scale may be anything, becomes a constant that is
  /// reached by a shift like the others'.
  static constexpr channel at(std::size_t o) {
    const auto& value = Constants::value;
    const std::int32_t shift = value.shifts[o];
    if (constants::channels[o].is_dead) {
      const std::int32_t scaled = Rounding::multiply(value.bias[o], value.multipliers[o], shift);
      return {4 * clamp_to(scaled, constants::lowest - constants::output_zero_point,
                           constants::highest - constants::output_zero_point),
              1 << 30, 0, 1};
    }
    const std::int32_t left = std::max<std::int32_t>(rounds_twice ? shift : shift + 1, 0);
    return {
        wrapping_sum(value.bias[o], -constants::input_zero_point * constants::channels[o].weights),
        value.multipliers[o], left, left - shift};
  }

  /// Whether the sums have 32 bits, for rounding once also after their shift to the left.
  static constexpr bool fits = [] {
    for (std::size_t o = 0; o < constants::outputs; ++o) {
      const std::int64_t room = std::int64_t{1} << (rounds_twice ? 31 : 31 - at(o).left);
      if (!constants::channels[o].is_dead && constants::channels[o].sum.magnitude() >= room) {
        return false;
      }
    }
    return true;
  }();

  static constexpr bool shifts_left = [] {
    for (std::size_t o = 0; o < constants::outputs; ++o) {
      if (at(o).left > 0) {
        return true;
      }
    }
    return false;
  }();

  static constexpr bool always_shifts_right = [] {
    for (std::size_t o = 0; o < constants::outputs; ++o) {
      if (at(o).right == 0) {
        return false;
      }
    }
    return true;
  }();

  /// The numbers of four channels.
  struct group {
    std::array<std::int32_t, 4> bias;
    std::array<std::int32_t, 4> multipliers;
    std::array<std::int8_t, 4> powers; ///< of two, not positive
    [[no_unique_address]] std::conditional_t<shifts_left, std::array<std::int8_t, 4>, none> left;
  };
  static constexpr std::size_t groups = (constants::outputs + 3) / 4;

  static constexpr std::array<group, groups> make_groups() {
    std::array<group, groups> result{};
    for (std::size_t o = 0; o < constants::outputs; ++o) {
      const channel numbers = at(o);
      group& to = result[o / 4];
      to.bias[o % 4] = numbers.bias;
      to.multipliers[o % 4] = numbers.multiplier;
      to.powers[o % 4] = static_cast<std::int8_t>(-numbers.right);
      if constexpr (shifts_left) {
        to.left[o % 4] = static_cast<std::int8_t>(numbers.left);
      }
    }
    return result;
  }

  /// The same in registers.
  struct numbers {
    words bias;
    words multipliers;
    words powers;
    words left; ///< if any channel has one
  };
  [[gnu::always_inline]] static constexpr numbers load(const group& of) {
    numbers result{load_words(of.bias.data()), load_words(of.multipliers.data()),
                   load_words(of.powers.data()), all_words(0)};
    if constexpr (shifts_left) {
      result.left = load_words(of.left.data());
    }
    return result;
  }

  /// The codes of four sums of inputs, not yet with the bias.
  [[gnu::always_inline]] static constexpr words codes(const words& sums, const numbers& of) {
    words x = add(sums, of.bias);
    if constexpr (shifts_left) {
      x = shift_left_saturating(x, of.left);
    }
    if constexpr (!rounds_twice) {
      x = doubling_high_product(x, of.multipliers);
    } else {
      x = doubling_high_product_rounded(x, of.multipliers);
      if constexpr (constants::lowest >= constants::output_zero_point) {
        // Ties of negative numbers are clamped.
      } else if constexpr (always_shifts_right) {
        x = add_saturating(x, signs(x));
      } else {
        x = add_saturating(x, signs(both(x, of.powers)));
      }
    }
    x = add_saturating(shift_right_rounded(x, of.powers), constants::output_zero_point);
    if constexpr (constants::lowest > -128) {
      x = larger(x, all_words(constants::lowest));
    }
    if constexpr (constants::highest < 127) {
      x = smaller(x, all_words(constants::highest));
    }
    return saturate_to_bytes(x);
  }

private:
  static constexpr std::int32_t wrapping_sum(std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
  }
};

} // namespace mote::kernels::helium
