// The instructions of Arm's DSP extension that the kernels use, and what they mean: on other
// machines and in the compiler they are computed. A lane is a signed 16-bit half of a word.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/kernels/requantize.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#if defined(__ARM_FEATURE_DSP)
#  include <arm_acle.h>
#endif

namespace mote::kernels::arm_dsp {

/// Whether the compiler was asked to, by -Os.
#if defined(__OPTIMIZE_SIZE__)
inline constexpr bool optimizes_size = true;
#else
inline constexpr bool optimizes_size = false;
#endif

/// The lower lane of a word, and the upper.
constexpr std::int32_t lower(std::uint32_t word) {
  return static_cast<std::int16_t>(word & 0xFFFF);
}
constexpr std::int32_t upper(std::uint32_t word) {
  return static_cast<std::int16_t>(word >> 16);
}

/// A word of two lanes, each taken modulo 2^16.
constexpr std::uint32_t lanes(std::int32_t low, std::int32_t high) {
  return (static_cast<std::uint32_t>(low) & 0xFFFF) | static_cast<std::uint32_t>(high) << 16;
}

/// SMLAD: sum + the products of the lower and of the upper lanes, modulo 2^32.
[[gnu::always_inline]] constexpr std::int32_t smlad(std::uint32_t a, std::uint32_t b,
                                                    std::int32_t sum) {
#if defined(__ARM_FEATURE_DSP)
  if (!std::is_constant_evaluated()) {
    return __smlad(static_cast<int16x2_t>(a), static_cast<int16x2_t>(b), sum);
  }
#endif
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) +
                                   static_cast<std::uint32_t>(lower(a) * lower(b)) +
                                   static_cast<std::uint32_t>(upper(a) * upper(b)));
}

/// SMLABB, SMLABT, SMLATB, SMLATT: sum + lane A of a times lane B of b, modulo 2^32; lane 0 is the
/// lower.
template <std::size_t A, std::size_t B>
[[gnu::always_inline]] constexpr std::int32_t smla(std::uint32_t a, std::uint32_t b,
                                                   std::int32_t sum) {
#if defined(__ARM_FEATURE_DSP)
  if (!std::is_constant_evaluated()) {
    const auto x = static_cast<std::int32_t>(a);
    const auto y = static_cast<std::int32_t>(b);
    if constexpr (A == 0) {
      return B == 0 ? __smlabb(x, y, sum) : __smlabt(x, y, sum);
    } else {
      return B == 0 ? __smlatb(x, y, sum) : __smlatt(x, y, sum);
    }
  }
#endif
  return static_cast<std::int32_t>(
      static_cast<std::uint32_t>(sum) +
      static_cast<std::uint32_t>((A == 0 ? lower(a) : upper(a)) * (B == 0 ? lower(b) : upper(b))));
}

/// SXTB16: bytes 0 and 2 as lanes.
[[gnu::always_inline]] constexpr std::uint32_t even_bytes(std::uint32_t bytes) {
#if defined(__ARM_FEATURE_DSP)
  if (!std::is_constant_evaluated()) {
    return static_cast<std::uint32_t>(__sxtb16(static_cast<int8x4_t>(bytes)));
  }
#endif
  return lanes(static_cast<std::int8_t>(bytes & 0xFF),
               static_cast<std::int8_t>(bytes >> 16 & 0xFF));
}

/// SXTB16 with a rotation: bytes 1 and 3 as lanes.
[[gnu::always_inline]] constexpr std::uint32_t odd_bytes(std::uint32_t bytes) {
#if defined(__ARM_FEATURE_DSP)
  if (!std::is_constant_evaluated()) { // GCC does not see that it could rotate in the same step
    std::uint32_t result;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(bytes));
    return result;
  }
#endif
  return even_bytes(bytes >> 8 | bytes << 24);
}

/// LDR, from any address: Count bytes, zeros above them. Reads no others.
template <std::size_t Count = 4>
[[gnu::always_inline]] constexpr std::uint32_t load_bytes(const std::int8_t* from) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (!std::is_constant_evaluated()) {
    std::uint32_t word = 0;
    __builtin_memcpy(&word, from, Count);
    return word;
  }
#endif
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < Count; ++i) {
    word |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(from[i])) << (8 * i);
  }
  return word;
}

/// LDR, from any address: two lanes.
[[gnu::always_inline]] constexpr std::uint32_t load_lanes(const std::int16_t* from) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (!std::is_constant_evaluated()) {
    std::uint32_t word = 0;
    __builtin_memcpy(&word, from, sizeof word);
    return word;
  }
#endif
  return lanes(from[0], from[1]);
}

struct word_pair {
  std::uint32_t first;
  std::uint32_t second;
};

/// LDRD: two words, and `from` behind them. They must be constants: the compiler is not told that
/// memory is read.
[[gnu::always_inline]] constexpr word_pair load_pair(const std::uint32_t*& from) {
#if defined(__ARM_FEATURE_DSP)
  if (!std::is_constant_evaluated()) {
    std::uint32_t first;
    std::uint32_t second;
    const std::uint32_t* behind = from;
    __asm__("ldrd %0, %1, [%2], #8" : "=r"(first), "=r"(second), "+r"(behind));
    from = behind;
    return {first, second};
  }
#endif
  const word_pair result{from[0], from[1]};
  from += 2;
  return result;
}

/// A pointer of which the compiler forgets where it points. Else it takes numbers out of constant
/// tables to carry them around in registers.
[[gnu::always_inline]] constexpr const std::uint32_t* opaque(const std::uint32_t* pointer) {
  if (!std::is_constant_evaluated()) {
    __asm__("" : "+r"(pointer));
  }
  return pointer;
}

/// Makes the compiler finish `sum` before it reads from `input`. Else it loads far ahead in
/// straight code, and has no registers left.
template <class T>
[[gnu::always_inline]] constexpr void in_order(const T*& input, std::int32_t& sum) {
  if (!std::is_constant_evaluated()) {
    const T* then = input;
    std::int32_t first = sum;
    __asm__("" : "+r"(then), "+r"(first));
    input = then;
    sum = first;
  }
}

} // namespace mote::kernels::arm_dsp

namespace mote::kernels {

/// SMMLA, SMMLAR and SSAT.
template <>
struct scaling_steps<isa::arm_dsp> {
  using portable = scaling_steps<isa::generic>;

  [[gnu::always_inline]] static constexpr std::int32_t multiply_add(std::int32_t a, std::int32_t b,
                                                                    std::int32_t c) {
#if defined(__ARM_FEATURE_DSP)
    if (!std::is_constant_evaluated()) {
      std::int32_t result;
      __asm__("smmla %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(c));
      return result;
    }
#endif
    return portable::multiply_add(a, b, c);
  }

  [[gnu::always_inline]] static constexpr std::int32_t
  multiply_add_rounded(std::int32_t a, std::int32_t b, std::int32_t c) {
#if defined(__ARM_FEATURE_DSP)
    if (!std::is_constant_evaluated()) {
      std::int32_t result;
      __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(c));
      return result;
    }
#endif
    return portable::multiply_add_rounded(a, b, c);
  }

  template <std::int32_t Shift>
  [[gnu::always_inline]] static constexpr std::int32_t shift_saturating(std::int32_t x) {
#if defined(__ARM_FEATURE_DSP)
    if (!std::is_constant_evaluated()) {
      std::int32_t result;
      __asm__("ssat %0, #8, %1, asr %2" : "=r"(result) : "r"(x), "i"(Shift) : "cc");
      return result;
    }
#endif
    return portable::shift_saturating<Shift>(x);
  }
};

} // namespace mote::kernels
