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

/// The upper half of a product, added to a third number, from products of 16 bits by 16 bits, after Warren, "Hacker's
/// Delight", 2nd edition, section 8-2: Armv6-M has no other. Requires b >= 0.
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

/// The larger of two sums, whose difference has to fit 32 bits, in the same
/// time for all.
[[gnu::always_inline]] constexpr std::int32_t max_without_branch(std::int32_t a, std::int32_t b) {
  const std::int32_t ahead = a - b;
  return b + (ahead & ~(ahead >> 31));
}

/// Lowest + x within [Lowest, Highest], in the same time for every x.
template <std::int32_t Lowest, std::int32_t Highest>
[[gnu::always_inline]] constexpr std::int32_t clamp_above(std::int32_t x) {
  const std::int32_t least = x & ~(x >> 31);
  const std::int32_t below = least - (Highest - Lowest);
  return (below & (below >> 31)) + Highest;
}

#if defined(__thumb__) && !defined(__thumb2__)
inline constexpr bool has_long_product = false;
using native_high_product = high_product_of_halves;
#else
inline constexpr bool has_long_product = true;
using native_high_product = high_product;
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

/// The numbers of an output channel: its sum is doubled for the high product,
/// and the offset brings the code on top of codes::base.
template <class Multiplier>
struct channel {
  std::uint32_t doubled_bias;
  std::int32_t offset;
  Multiplier multiplier;
  std::conditional_t<sizeof(Multiplier) == 4, std::int32_t, std::int16_t> exponent;
};

/// What becomes of the sums of the layer of `Constants`.
template <class Rounding, class Constants>
struct codes {
  using numbers = requantization_constants<Rounding, Constants>;
  using constants = product_constants<Constants>;

  static constexpr bool is_full_range =
      saturates && constants::lowest == -128 && constants::highest == 127;
  static constexpr std::int32_t base = is_full_range ? 0 : constants::lowest;

  /// Whether the sums leave room for the shorter way to a high product.
  static constexpr bool uses_digits = [] {
    if (has_long_product) {
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
  using channel_type = channel<multiplier>;

  /// Channel `o` for sums of inputs as they are, without subtracting their zero
  /// point.
  static constexpr channel_type at(std::size_t o) {
    const auto c = numbers::at(o);
    channel_type result{};
    result.doubled_bias = 2 * static_cast<std::uint32_t>(numbers::folded_bias(o));
    result.offset = (2 * (constants::output_zero_point - base) + 1) * half_of(c.exponent);
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
    // A negative tie goes downwards, see kernels::requantization.
    if constexpr (numbers::rounds_negative_ties_down) {
      const std::int32_t rounded = product<true>(doubled, c, 0);
      return clamped(rounded + (rounded >> 31) + c.offset, c);
    } else {
      return clamped(product<numbers::rounds_twice>(doubled, c, c.offset), c);
    }
  }

private:
  /// 2^exponent / 2; anything if the numbers do not fit.
  static constexpr std::int32_t half_of(std::int32_t exponent) {
    return numbers::fits ? std::int32_t{1} << (exponent - 1) : 0;
  }

  template <bool Rounds>
  [[gnu::always_inline]] static constexpr std::int32_t
  product(std::int32_t doubled, const channel_type& c, std::int32_t offset) {
    if constexpr (uses_digits) {
      return c.multiplier.template upper < Rounds ? 1 << 9 : 0 > (doubled) + offset;
    } else if constexpr (Rounds) {
      return native_high_product::add_rounded(doubled, c.multiplier, offset);
    } else {
      return native_high_product::add(doubled, c.multiplier, offset);
    }
  }

  [[gnu::always_inline]] static constexpr std::int8_t clamped(std::int32_t scaled,
                                                              const channel_type& c) {
    const std::int32_t code = scaled >> c.exponent;
    if constexpr (is_full_range) {
      if (!std::is_constant_evaluated()) {
        return static_cast<std::int8_t>(saturated(code));
      }
    }
    return static_cast<std::int8_t>(
        clamp_above<constants::lowest, constants::highest>(code - constants::lowest + base));
  }
};

} // namespace scalar32

} // namespace mote::kernels
