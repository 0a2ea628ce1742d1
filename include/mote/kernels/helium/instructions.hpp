// The instructions of Arm's vector extension for microcontrollers (MVE, "Helium") that the kernels
// use, and what they mean: on other machines they are computed, lane by lane.
#pragma once

#include <mote/core/fixed_point.hpp>
#include <mote/kernels/unrolled.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#if defined(__ARM_FEATURE_MVE)
#  include <arm_mve.h>
#endif

namespace mote::kernels::helium {

/// Bytes in a vector register.
inline constexpr std::size_t lanes = 16;

/// Bit i says whether byte i takes part: what is not loaded becomes zero.
using lane_mask = std::uint16_t;

/// The mask of the first `count` bytes.
constexpr lane_mask first_lanes(std::size_t count) {
  return static_cast<lane_mask>((std::uint32_t{1} << count) - 1);
}

#if defined(__ARM_FEATURE_MVE)

/// Compilers cannot look into the instructions.
inline constexpr bool vectors_are_constexpr = false;

using bytes = int8x16_t;
using offsets = uint8x16_t;
using words = int32x4_t;

[[gnu::always_inline]] inline bytes all_bytes(std::int32_t value) {
  return vdupq_n_s8(static_cast<std::int8_t>(value));
}
[[gnu::always_inline]] inline words all_words(std::int32_t value) {
  return vdupq_n_s32(value);
}

/// A pointer of which the compiler knows nothing, so that it is kept in one register and what is
/// loaded from it is not kept on the stack instead.
template <class T>
[[gnu::always_inline]] inline const T* apart(const T* pointer) {
  __asm__ volatile("" : "+r"(pointer));
  return pointer;
}

[[gnu::always_inline]] inline bytes load_bytes(const std::int8_t* from) {
  return vldrbq_s8(from);
}
/// Of image[at], image[at + 1], ... those of the mask. The others need not exist.
[[gnu::always_inline]] inline bytes load_bytes(const std::int8_t* image, std::size_t at,
                                               lane_mask mask) {
  return vldrbq_z_s8(image + static_cast<std::ptrdiff_t>(at), mask);
}

[[gnu::always_inline]] inline offsets load_offsets(const std::uint8_t* from) {
  return vldrbq_u8(from);
}
/// image[at + offset] for each offset.
[[gnu::always_inline]] inline bytes gather_bytes(const std::int8_t* image, std::size_t at,
                                                 offsets each) {
  return vldrbq_gather_offset_s8(image + at, each);
}
/// The same for those of the mask. The others need not exist.
[[gnu::always_inline]] inline bytes gather_bytes(const std::int8_t* image, std::size_t at,
                                                 offsets each, lane_mask mask) {
  return vldrbq_gather_offset_z_s8(image + static_cast<std::ptrdiff_t>(at), each, mask);
}

/// Those of `a` that the mask names, else those of `b`.
[[gnu::always_inline]] inline bytes select(bytes a, bytes b, lane_mask mask) {
  return vpselq_s8(a, b, mask);
}

/// VMLADAVA: sum + the products of all bytes.
[[gnu::always_inline]] inline std::int32_t multiply_add(std::int32_t sum, bytes a, bytes b) {
  if (__builtin_constant_p(sum) && sum == 0) {
    return vmladavq_s8(a, b);
  }
  return vmladavaq_s8(sum, a, b);
}

[[gnu::always_inline]] inline words load_words(const std::int32_t* from) {
  return vldrwq_s32(from);
}
/// Four bytes, extended.
[[gnu::always_inline]] inline words load_words(const std::int8_t* from) {
  return vldrbq_s32(from);
}
/// Stores the lower byte of the first `Count` words.
template <std::size_t Count>
[[gnu::always_inline]] inline void store_bytes(std::int8_t* to, words from) {
  if constexpr (Count == 4) {
    vstrbq_s32(to, from);
  } else {
    vstrbq_p_s32(to, from,
                 vctp32q(Count)); // GCC 12 mistakes a constant mask of words
  }
}

/// Two instructions, where the compiler would take four.
[[gnu::always_inline]] inline words make_words(std::int32_t a, std::int32_t b, std::int32_t c,
                                               std::int32_t d) {
  words result;
  __asm__("vmov %e0, %1, %2\n\t"
          "vmov %f0, %3, %4"
          : "=&w"(result)
          : "r"(a), "r"(b), "r"(c), "r"(d));
  return result;
}

[[gnu::always_inline]] inline words add(words a, words b) {
  return vaddq_s32(a, b);
}
[[gnu::always_inline]] inline words add_saturating(words a, words b) {
  return vqaddq_s32(a, b);
}
[[gnu::always_inline]] inline words add_saturating(words a, std::int32_t b) {
  return vqaddq_n_s32(a, b);
}
[[gnu::always_inline]] inline words both(words a, words b) {
  return vandq_s32(a, b);
}
/// -1 where the number is negative, else 0.
[[gnu::always_inline]] inline words signs(words a) {
  return vshrq_n_s32(a, 31);
}
[[gnu::always_inline]] inline words larger(words a, words b) {
  return vmaxq_s32(a, b);
}
[[gnu::always_inline]] inline words smaller(words a, words b) {
  return vminq_s32(a, b);
}
/// VQDMULH: floor(a b / 2^31).
[[gnu::always_inline]] inline words doubling_high_product(words a, words b) {
  return vqdmulhq_s32(a, b);
}
/// VQRDMULH: a b / 2^31 to nearest, ties upwards.
[[gnu::always_inline]] inline words doubling_high_product_rounded(words a, words b) {
  return vqrdmulhq_s32(a, b);
}
/// a / 2^-power to nearest, ties upwards. Requires powers from -31 to 0.
[[gnu::always_inline]] inline words shift_right_rounded(words a, words powers) {
  return vrshlq_s32(a, powers);
}
/// a 2^power, kept within 32 bits. Requires powers from 0 to 31.
[[gnu::always_inline]] inline words shift_left_saturating(words a, words powers) {
  return vqshlq_s32(a, powers);
}

/// VQMOVN twice: within [-128, 127]. Says nothing of the bytes above the lowest.
[[gnu::always_inline]] inline words saturate_to_bytes(words a) {
  __asm__("vqmovnb.s32 %q0, %q0\n\t"
          "vqmovnb.s16 %q0, %q0"
          : "+w"(a));
  return a;
}

/// Adds to Rows <= 4 sums the products of `count` > 0 blocks of 16 inputs from `x` on with as many
/// blocks of weights per row, which are at `weights` in the order of their use. Both pointers are
/// moved behind what was read. Compilers find neither the loop nor the addressing.
template <std::size_t Rows>
[[gnu::always_inline]] inline void add_rows(std::int32_t* sums, const std::int8_t*& x,
                                            const std::int8_t*& weights, std::size_t count) {
  if constexpr (Rows == 4) {
    __asm__ volatile("dls lr, %[count]\n"
                     "1:\n\t"
                     "vldrb.8 q0, [%[x]], #16\n\t"
                     "vldrb.8 q1, [%[w]], #16\n\t"
                     "vmladava.s8 %[a], q0, q1\n\t"
                     "vldrb.8 q2, [%[w]], #16\n\t"
                     "vmladava.s8 %[b], q0, q2\n\t"
                     "vldrb.8 q3, [%[w]], #16\n\t"
                     "vmladava.s8 %[c], q0, q3\n\t"
                     "vldrb.8 q1, [%[w]], #16\n\t"
                     "vmladava.s8 %[d], q0, q1\n\t"
                     "le lr, 1b"
                     : [a] "+Te"(sums[0]), [b] "+Te"(sums[1]), [c] "+Te"(sums[2]),
                       [d] "+Te"(sums[3]), [x] "+r"(x), [w] "+r"(weights)
                     : [count] "r"(count)
                     : "lr", "q0", "q1", "q2", "q3", "memory");
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      const bytes inputs = load_bytes(x);
      unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
        sums[r] = multiply_add(sums[r], inputs, load_bytes(weights + r * lanes));
      });
      x += lanes;
      weights += Rows * lanes;
    }
  }
}

#else

inline constexpr bool vectors_are_constexpr = true;

using bytes = std::array<std::int8_t, lanes>;
using offsets = std::array<std::uint8_t, lanes>;
using words = std::array<std::int32_t, 4>;

constexpr bytes all_bytes(std::int32_t value) {
  bytes result{};
  result.fill(static_cast<std::int8_t>(value));
  return result;
}
constexpr words all_words(std::int32_t value) {
  return {value, value, value, value};
}

template <class T>
constexpr const T* apart(const T* pointer) {
  return pointer;
}

constexpr bytes load_bytes(const std::int8_t* from) {
  bytes result{};
  std::copy_n(from, lanes, result.begin());
  return result;
}

constexpr offsets load_offsets(const std::uint8_t* from) {
  offsets result{};
  std::copy_n(from, lanes, result.begin());
  return result;
}

constexpr bytes gather_bytes(const std::int8_t* image, std::size_t at, offsets each,
                             lane_mask mask = first_lanes(lanes)) {
  bytes result{};
  for (std::size_t i = 0; i < lanes; ++i) {
    if ((mask >> i & 1) != 0) {
      result[i] = image[at + each[i]];
    }
  }
  return result;
}
constexpr bytes load_bytes(const std::int8_t* image, std::size_t at, lane_mask mask) {
  return gather_bytes(image, at, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, mask);
}

constexpr bytes select(bytes a, bytes b, lane_mask mask) {
  for (std::size_t i = 0; i < lanes; ++i) {
    a[i] = (mask >> i & 1) != 0 ? a[i] : b[i];
  }
  return a;
}

constexpr std::int32_t wrapping_add(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

constexpr std::int32_t multiply_add(std::int32_t sum, const bytes& a, const bytes& b) {
  for (std::size_t i = 0; i < lanes; ++i) {
    sum = wrapping_add(sum, a[i] * b[i]);
  }
  return sum;
}

constexpr words load_words(const std::int32_t* from) {
  return {from[0], from[1], from[2], from[3]};
}
constexpr words load_words(const std::int8_t* from) {
  return {from[0], from[1], from[2], from[3]};
}
template <std::size_t Count>
constexpr void store_bytes(std::int8_t* to, const words& from) {
  for (std::size_t i = 0; i < Count; ++i) {
    to[i] = static_cast<std::int8_t>(from[i] & 0xFF);
  }
}
constexpr words make_words(std::int32_t a, std::int32_t b, std::int32_t c, std::int32_t d) {
  return {a, b, c, d};
}

/// f of the words of a and b, one by one.
template <class F>
constexpr words for_each_word(const words& a, const words& b, F&& f) {
  return {f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])};
}

constexpr std::int32_t saturate(std::int64_t x) {
  return static_cast<std::int32_t>(clamp_to<std::int64_t>(x, INT32_MIN, INT32_MAX));
}

constexpr words add(const words& a, const words& b) {
  return for_each_word(a, b, wrapping_add);
}
constexpr words add_saturating(const words& a, const words& b) {
  return for_each_word(
      a, b, [](std::int32_t p, std::int32_t q) { return saturate(std::int64_t{p} + q); });
}
constexpr words add_saturating(const words& a, std::int32_t b) {
  return add_saturating(a, all_words(b));
}
constexpr words both(const words& a, const words& b) {
  return for_each_word(a, b, [](std::int32_t p, std::int32_t q) { return p & q; });
}
constexpr words signs(const words& a) {
  return for_each_word(a, a, [](std::int32_t p, std::int32_t) { return p >> 31; });
}
constexpr words larger(const words& a, const words& b) {
  return for_each_word(a, b, [](std::int32_t p, std::int32_t q) { return std::max(p, q); });
}
constexpr words smaller(const words& a, const words& b) {
  return for_each_word(a, b, [](std::int32_t p, std::int32_t q) { return std::min(p, q); });
}
constexpr words doubling_high_product(const words& a, const words& b) {
  return for_each_word(
      a, b, [](std::int32_t p, std::int32_t q) { return saturate(std::int64_t{p} * q >> 31); });
}
constexpr words doubling_high_product_rounded(const words& a, const words& b) {
  return for_each_word(a, b, [](std::int32_t p, std::int32_t q) {
    return saturate((std::int64_t{p} * q + (std::int64_t{1} << 30)) >> 31);
  });
}
constexpr words shift_right_rounded(const words& a, const words& powers) {
  return for_each_word(a, powers, [](std::int32_t p, std::int32_t power) {
    return static_cast<std::int32_t>((2 * std::int64_t{p} + (std::int64_t{1} << -power)) >>
                                     (1 - power));
  });
}
constexpr words shift_left_saturating(const words& a, const words& powers) {
  return for_each_word(a, powers, rounding::shift_left_saturating);
}
constexpr words saturate_to_bytes(const words& a) {
  return smaller(larger(a, all_words(-128)), all_words(127));
}

template <std::size_t Rows>
constexpr void add_rows(std::int32_t* sums, const std::int8_t*& x, const std::int8_t*& weights,
                        std::size_t count) {
  for (; count > 0; --count, x += lanes) {
    for (std::size_t r = 0; r < Rows; ++r, weights += lanes) {
      sums[r] = multiply_add(sums[r], load_bytes(x), load_bytes(weights));
    }
  }
}

#endif

} // namespace mote::kernels::helium
