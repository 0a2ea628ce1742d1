// From sums to int8 codes on cores that have no saturating instructions, and
// some no long product.
#pragma once

#include <mote/kernels/requantize.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels {

namespace scalar32 {

/// The upper half of a product, added to a third number, from products of 16 bits by 16 bits, after
/// Warren, "Hacker's Delight", 2nd edition, section 8-2: Armv6-M has no other. Requires b >= 0.
struct high_product_of_halves {
  static constexpr std::int32_t add(std::int32_t a, std::int32_t b, std::int32_t c) {
    return upper(a, b, 0) + c;
  }
  static constexpr std::int32_t add_rounded(std::int32_t a, std::int32_t b, std::int32_t c) {
    return upper(a, b, 0x8000) + c;
  }

private:
  /// floor((a b + carry 2^16) / 2^32)
  [[gnu::always_inline]] static constexpr std::int32_t upper(std::int32_t a, std::int32_t b,
                                                             std::uint32_t carry) {
    const std::uint32_t a_low = static_cast<std::uint32_t>(a) & 0xFFFF;
    const std::uint32_t b_low = static_cast<std::uint32_t>(b) & 0xFFFF;
    const std::int32_t a_high = a >> 16;
    const std::int32_t b_high = b >> 16;
    const std::int32_t middle = a_high * static_cast<std::int32_t>(b_low) +
                                static_cast<std::int32_t>((a_low * b_low) >> 16);
    const std::uint32_t other = a_low * static_cast<std::uint32_t>(b_high) +
                                (static_cast<std::uint32_t>(middle) & 0xFFFF) + carry;
    return a_high * b_high + (middle >> 16) + static_cast<std::int32_t>(other >> 16);
  }
};

/// The same for |a| <= 2^20 from three products of 32 bits: b in digits of 9,
/// 11 and 11 bits.
struct high_product_of_digits {
  std::uint16_t high;
  std::uint16_t middle;
  std::uint16_t low;

  static constexpr std::int64_t largest = 1 << 20;

  static constexpr high_product_of_digits of(std::int32_t b) {
    return {static_cast<std::uint16_t>(b >> 22), static_cast<std::uint16_t>((b >> 11) & 0x7FF),
            static_cast<std::uint16_t>(b & 0x7FF)};
  }

  /// floor((a b + half 2^22) / 2^32)
  template <std::int32_t Half>
  [[gnu::always_inline]] constexpr std::int32_t upper(std::int32_t a) const {
    const std::int32_t lower = ((a * low) >> 11) + a * middle;
    return ((lower >> 11) + a * high + Half) >> 10;
  }
};

/// The same with a long product.
struct high_product {
  [[gnu::always_inline]] static constexpr std::int32_t add(std::int32_t a, std::int32_t b,
                                                           std::int32_t c) {
    return static_cast<std::int32_t>((static_cast<std::int64_t>(a) * b) >> 32) + c;
  }
  [[gnu::always_inline]] static constexpr std::int32_t add_rounded(std::int32_t a, std::int32_t b,
                                                                   std::int32_t c) {
    const std::int64_t product = static_cast<std::int64_t>(a) * b;
    return static_cast<std::int32_t>(product >> 32) +
           static_cast<std::int32_t>(static_cast<std::uint32_t>(product) >> 31) + c;
  }
};

/// The larger of two sums multiplied by Sign, 1 or -1. Their difference has to fit 32 bits; in the
/// same time for all.
template <std::int32_t Sign>
[[gnu::always_inline]] constexpr std::int32_t max_without_branch(std::int32_t a, std::int32_t b) {
  const std::int32_t ahead = a - b;
  return b + (ahead & (Sign > 0 ? ~(ahead >> 31) : ahead >> 31));
}

/// Lowest + x within [Lowest, Highest], in the same time for every x.
template <std::int32_t Lowest, std::int32_t Highest>
[[gnu::always_inline]] constexpr std::int32_t clamp_above(std::int32_t x) {
  const std::int32_t least = x & ~(x >> 31);
  const std::int32_t below = least - (Highest - Lowest);
  return (below & (below >> 31)) + Highest;
}

/// What a core multiplies with, which decides what becomes of a sum.
enum class product {
  narrow,       ///< 32 bits: Armv6-M
  accumulating, ///< 64 bits, added to 64 bits: Armv7-M
  high          ///< the upper half of 64 bits: RISC-V, and the host
};

#if defined(__thumb__) && !defined(__thumb2__)
inline constexpr product native_product = product::narrow;
#elif defined(__thumb2__)
inline constexpr product native_product = product::accumulating;
#else
inline constexpr product native_product = product::high;
#endif

/// Whether saturation to 8 bits is an instruction.
#if defined(__thumb2__)
inline constexpr bool saturates = true;

[[gnu::always_inline]] inline std::int32_t saturated(std::int32_t x) {
  __asm__("ssat %0, #8, %0" : "+r"(x));
  return x;
}
#else
inline constexpr bool saturates = false;

constexpr std::int32_t saturated(std::int32_t x) {
  return clamp_above<-128, 127>(x + 128);
}
#endif

/// What all ways from sums to codes share.
///
/// With z for the exact product of a sum with its bias and the Q31 multiplier, and e for the
/// channel's exponent, a code is zero point + floor(z / 2^e + 1/2), or with two roundings zero
/// point + floor((z + 1/2) / 2^e + 1/2): the floor of a floor divided is the floor of the quotient.
/// Then a tie below zero goes downwards, where that is seen (see kernels::requantization).
template <class Rounding, class Constants>
struct codes_base {
  using numbers = requantization_constants<Rounding, Constants>;
  using constants = product_constants<Constants>;
  static constexpr bool fits = numbers::fits;

  /// What weights and starts have to be multiplied by: -1 if `code` wants the negative sum.
  static constexpr std::int32_t sign = 1;
  /// By which power of two `code_of_scaled` wants a sum multiplied.
  static constexpr std::int32_t scale = 1;
  /// Whether sums have to begin with the bias, `sign` times, see `start`.
  static constexpr bool sums_have_bias = false;

protected:
  static constexpr bool is_full_range =
      saturates && constants::lowest == -128 && constants::highest == 127;
  static constexpr std::int32_t base = is_full_range ? 0 : constants::lowest;

  /// 2^exponent / 2; anything if the numbers do not fit.
  static constexpr std::int32_t half_of(std::int32_t exponent) {
    return numbers::fits ? std::int32_t{1} << (exponent - 1) : 0;
  }

  /// From a code less `base`.
  [[gnu::always_inline]] static constexpr std::int8_t clamped(std::int32_t code) {
    if constexpr (is_full_range) {
      if (!std::is_constant_evaluated()) {
        return static_cast<std::int8_t>(saturated(code));
      }
    }
    return static_cast<std::int8_t>(
        clamp_above<constants::lowest, constants::highest>(code - constants::lowest + base));
  }
};

/// The numbers of an output channel: its sum is doubled for the high product,
/// and the offset brings the code on top of codes_base::base.
template <class Multiplier>
struct doubled_channel {
  std::uint32_t doubled_bias;
  std::int32_t offset;
  Multiplier multiplier;
  std::conditional_t<sizeof(Multiplier) == 4, std::int32_t, std::int16_t> exponent;
};

/// Codes from the upper half of a product with the doubled sum.
template <class Rounding, class Constants, product Product>
struct doubled_codes : codes_base<Rounding, Constants> {
  using common = codes_base<Rounding, Constants>;
  using typename common::constants;
  using typename common::numbers;

  /// Whether the sums leave room for the shorter way to a high product.
  static constexpr bool uses_digits = [] {
    if (Product != product::narrow) {
      return false;
    }
    for (const auto& c : constants::channels) {
      if (2 * c.sum.magnitude() > high_product_of_digits::largest) {
        return false;
      }
    }
    return true;
  }();
  using multiplier = std::conditional_t<uses_digits, high_product_of_digits, std::int32_t>;
  using channel_type = doubled_channel<multiplier>;

  /// Channel `o` for sums of inputs as they are, without subtracting their zero
  /// point.
  static constexpr channel_type at(std::size_t o) {
    const auto c = numbers::at(o);
    channel_type result{};
    result.doubled_bias = 2 * static_cast<std::uint32_t>(numbers::folded_bias(o));
    result.offset =
        (2 * (constants::output_zero_point - common::base) + 1) * common::half_of(c.exponent);
    if constexpr (uses_digits) {
      result.multiplier = high_product_of_digits::of(c.multiplier);
    } else {
      result.multiplier = c.multiplier;
    }
    result.exponent = static_cast<decltype(result.exponent)>(c.exponent);
    return result;
  }

  [[gnu::always_inline]] static constexpr std::int8_t code(std::int32_t sum,
                                                           const channel_type& c) {
    const auto doubled =
        static_cast<std::int32_t>(2 * static_cast<std::uint32_t>(sum) + c.doubled_bias);
    if constexpr (numbers::rounds_negative_ties_down) {
      const std::int32_t rounded = upper<true>(doubled, c, 0);
      return common::clamped((rounded + (rounded >> 31) + c.offset) >> c.exponent);
    } else {
      return common::clamped(upper<numbers::rounds_twice>(doubled, c, c.offset) >> c.exponent);
    }
  }
  [[gnu::always_inline]] static constexpr std::int8_t code_of_scaled(std::int32_t sum,
                                                                     const channel_type& c) {
    return code(sum, c);
  }

private:
  using native_high_product =
      std::conditional_t<Product == product::narrow, high_product_of_halves, high_product>;

  template <bool Rounds>
  [[gnu::always_inline]] static constexpr std::int32_t
  upper(std::int32_t doubled, const channel_type& c, std::int32_t offset) {
    if constexpr (uses_digits) {
      return c.multiplier.template upper < Rounds ? 1 << 9 : 0 > (doubled) + offset;
    } else if constexpr (Rounds) {
      return native_high_product::add_rounded(doubled, c.multiplier, offset);
    } else {
      return native_high_product::add(doubled, c.multiplier, offset);
    }
  }
};

/// Codes from a product that is added to 64 bits, in which bias, zero point and both halves are.
/// Requires that no negative tie has to go downwards.
template <class Rounding, class Constants>
struct accumulated_codes : codes_base<Rounding, Constants> {
  using common = codes_base<Rounding, Constants>;
  using typename common::constants;
  using typename common::numbers;

  struct channel_type {
    std::uint32_t start_low; // in halves, which need no more than four bytes' alignment
    std::int32_t start_high;
    std::int32_t multiplier;
    std::int32_t shift; // of the upper half
  };

  /// For sums of inputs as they are.
  static constexpr channel_type at(std::size_t o) {
    const auto c = numbers::at(o);
    const std::int64_t half = common::half_of(c.exponent);
    const std::int64_t zero_point = constants::output_zero_point - common::base;
    const std::int64_t start = std::int64_t{numbers::folded_bias(o)} * c.multiplier +
                               (2 * zero_point + 1) * half * (std::int64_t{1} << 31) +
                               (numbers::rounds_twice ? std::int64_t{1} << 30 : 0);
    return {static_cast<std::uint32_t>(start & 0xFFFFFFFF), static_cast<std::int32_t>(start >> 32),
            c.multiplier, c.exponent - 1};
  }

  [[gnu::always_inline]] static constexpr std::int8_t code(std::int32_t sum,
                                                           const channel_type& c) {
    const std::int64_t start = std::int64_t{c.start_high} * (std::int64_t{1} << 32) + c.start_low;
    const std::int64_t scaled = start + static_cast<std::int64_t>(sum) * c.multiplier;
    return common::clamped(static_cast<std::int32_t>(scaled >> 32) >> c.shift);
  }
  [[gnu::always_inline]] static constexpr std::int8_t code_of_scaled(std::int32_t sum,
                                                                     const channel_type& c) {
    return code(sum, c);
  }
};

/// Codes from the upper half of a product, for sums that begin with the bias. They are multiplied
/// by 2, or for two roundings by 4: then the half of the first is a number to add.
///
/// Where the least code is the zero point's, sums below zero become zero. That is an instruction
/// less for the negative sum, whose product with the negative multiplier is the same.
template <class Rounding, class Constants>
struct high_codes : codes_base<Rounding, Constants> {
  using common = codes_base<Rounding, Constants>;
  using typename common::constants;
  using typename common::numbers;

  struct channel_type {
    std::int32_t multiplier;
    std::int32_t offset;
    std::int32_t exponent;
  };

  static constexpr bool starts_at_zero_point = constants::lowest == constants::output_zero_point;
  static constexpr std::int32_t sign = starts_at_zero_point ? -1 : 1;
  static constexpr std::int32_t scale = numbers::rounds_twice ? 4 : 2;
  static constexpr bool sums_have_bias = true;

  static constexpr bool fits = [] {
    for (std::size_t o = 0; numbers::fits && o < constants::outputs; ++o) {
      if (scale * numbers::magnitude(o) >= std::int64_t{1} << 31 ||
          (sign < 0 && constants::channels[o].has_lowest_weight)) {
        return false;
      }
    }
    return numbers::fits;
  }();

  /// What the sums of inputs as they are have to begin with.
  static constexpr std::int32_t start(std::size_t o) { return sign * numbers::folded_bias(o); }

  static constexpr channel_type at(std::size_t o) {
    const auto c = numbers::at(o);
    const std::int32_t half = common::half_of(c.exponent);
    if constexpr (starts_at_zero_point) {
      constexpr std::int32_t below = constants::output_zero_point - constants::highest;
      const std::int32_t offset = (2 * below + 1) * half;
      return numbers::rounds_twice ? channel_type{-c.multiplier, 2 * offset + 1, c.exponent + 1}
                                   : channel_type{-c.multiplier, offset, c.exponent};
    } else {
      return {c.multiplier, (2 * (constants::output_zero_point - constants::lowest) + 1) * half,
              c.exponent};
    }
  }

  [[gnu::always_inline]] static constexpr std::int8_t code(std::int32_t sum,
                                                           const channel_type& c) {
    if constexpr (starts_at_zero_point) {
      return code_above_zero_point(min_with_zero(sum) * scale, c);
    } else {
      return code_of_scaled(sum * scale, c);
    }
  }

  [[gnu::always_inline]] static constexpr std::int8_t code_of_scaled(std::int32_t sum,
                                                                     const channel_type& c) {
    if constexpr (starts_at_zero_point) {
      return code_above_zero_point(min_with_zero(sum), c);
    } else {
      std::int32_t scaled = high_product::add(sum, c.multiplier, 0);
      if constexpr (numbers::rounds_twice) {
        const std::int32_t rounded = (scaled + 1) >> 1;
        scaled = rounded + (rounded >> 31);
      }
      return static_cast<std::int8_t>(
          clamp_above<constants::lowest, constants::highest>((scaled + c.offset) >> c.exponent));
    }
  }

private:
  static constexpr std::int32_t min_with_zero(std::int32_t x) { return x & (x >> 31); }

  [[gnu::always_inline]] static constexpr std::int8_t code_above_zero_point(std::int32_t sum,
                                                                            const channel_type& c) {
    const std::int32_t scaled = high_product::add(sum, c.multiplier, c.offset);
    return static_cast<std::int8_t>(min_with_zero(scaled >> c.exponent) + constants::highest);
  }
};

/// What becomes of the sums of the layer of `Constants`.
template <class Rounding, class Constants, product Product = native_product>
using codes = std::conditional_t<
    Product == product::high, high_codes<Rounding, Constants>,
    std::conditional_t<
        Product == product::accumulating &&
            !requantization_constants<Rounding, Constants>::rounds_negative_ties_down,
        accumulated_codes<Rounding, Constants>, doubled_codes<Rounding, Constants, Product>>>;

} // namespace scalar32

} // namespace mote::kernels
