// Dot products of int8 in registers, exact, by what the machine has for them. A product of 8 bits
// by 8 has 16, so that the 32 bits of a sum hold 65536 of them, as in the plain loops.
#pragma once

#include <mote/kernels/vector/vector.hpp>
#include <mote/kernels/vector/x86_instructions.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

#if defined(__SSE2__)
#  include <emmintrin.h>
#elif defined(__aarch64__)
#  include <arm_neon.h>
#endif

namespace mote::kernels {

/// Whether `load_bytes` is one instruction for any count.
#if defined(__AVX512BW__) && defined(__AVX512VL__)
inline constexpr bool loads_part_at_once = true;
#else
inline constexpr bool loads_part_at_once = false;
#endif

/// The first `Count` of `Bytes` bytes; the others are zero.
template <std::size_t Bytes, std::size_t Count>
[[gnu::always_inline]] inline vector<std::int8_t, Bytes> load_bytes(const std::int8_t* from) {
  // One load, where a copy of so many bytes goes through memory.
#if defined(__AVX512BW__) && defined(__AVX512VL__)
  return vmovdqu8<Bytes, Count>(from);
#else
  return load<std::int8_t, Bytes, Count>(from);
#endif
}

/// Sums of (x - base) w in 32-bit lanes, from registers of `Bytes` inputs and weights. The base is
/// `fixed_base`, or the input's zero point where the machine leaves the choice; the kernel makes up
/// for the difference in the bias.
///
/// This is the portable one: x - zero point and w in lanes of 16 bits.
template <std::size_t Bytes>
struct dot_int8 {
  using sums = vector<std::int32_t, Bytes / 4>;
  using bytes = vector<std::int8_t, Bytes>;
  using halves = vector<std::int16_t, Bytes / 2>;
  static constexpr bool has_fixed_base = false;

  /// The operands as `add` takes them.
  struct inputs {
    halves values[2];
  };
  [[gnu::always_inline]] static inline inputs prepare(bytes x, std::int32_t zero_point) {
    const auto base = broadcast<std::int16_t, Bytes / 2>(static_cast<std::int16_t>(zero_point));
    return {{widened<0>(x) - base, widened<1>(x) - base}};
  }

  [[gnu::always_inline]] static inline inputs widen(bytes w) {
    return {{widened<0>(w), widened<1>(w)}};
  }

  [[gnu::always_inline]] static inline sums add(sums to, const inputs& x, const inputs& w) {
    return add_products(add_products(to, x.values[0], w.values[0]), x.values[1], w.values[1]);
  }

private:
  template <std::size_t Half>
  [[gnu::always_inline]] static inline halves widened(bytes x) {
#if defined(__AVX2__)
    if constexpr (Bytes == 32) {
      return vpmovsxbw(part<std::int8_t, 16, Half>(x));
    }
#endif
#if defined(__SSE2__)
    if constexpr (Bytes == 16) { // the sign as the upper byte
      const auto both = reinterpret_cast<__m128i>(x);
      const auto sign = _mm_cmpgt_epi8(_mm_setzero_si128(), both);
      return reinterpret_cast<halves>(Half == 0 ? _mm_unpacklo_epi8(both, sign)
                                                : _mm_unpackhi_epi8(both, sign));
    }
#endif
#if defined(__aarch64__)
    if constexpr (Bytes == 16) {
      const auto both = reinterpret_cast<int8x16_t>(x);
      return reinterpret_cast<halves>(Half == 0 ? vmovl_s8(vget_low_s8(both))
                                                : vmovl_high_s8(both));
    }
#endif
    return __builtin_convertvector(part<std::int8_t, Bytes / 2, Half>(x), halves);
  }

  /// The part of `Lanes` lanes number `Index`.
  template <class T, std::size_t Lanes, std::size_t Index, class V>
  [[gnu::always_inline]] static inline vector<T, Lanes> part(V x) {
    return [&]<std::size_t... Lane>(std::index_sequence<Lane...>) __attribute__((always_inline)) {
      return __builtin_shufflevector(x, x, static_cast<int>(Index * Lanes + Lane)...);
    }
    (std::make_index_sequence<Lanes>{});
  }

  /// Products of 9 bits by 8, of which 32 bits hold the sum of any two.
  [[gnu::always_inline]] static inline sums add_products(sums to, halves x, halves w) {
#if defined(__AVX512BW__)
    if constexpr (Bytes == 64) {
      return to + vpmaddwd<Bytes>(x, w);
    }
#endif
#if defined(__AVX2__)
    if constexpr (Bytes == 32) {
      return to + vpmaddwd<Bytes>(x, w);
    }
#endif
#if defined(__SSE2__)
    if constexpr (Bytes == 16) {
      return to + reinterpret_cast<sums>(
                      _mm_madd_epi16(reinterpret_cast<__m128i>(x), reinterpret_cast<__m128i>(w)));
    }
#endif
#if defined(__aarch64__)
    if constexpr (Bytes == 16) {
      const auto a = reinterpret_cast<int16x8_t>(x);
      const auto b = reinterpret_cast<int16x8_t>(w);
      const auto low = vmlal_s16(reinterpret_cast<int32x4_t>(to), vget_low_s16(a), vget_low_s16(b));
      return reinterpret_cast<sums>(vmlal_high_s16(low, a, b));
    }
#endif
    unrolled<2>([&](auto i) {
      to += __builtin_convertvector((part<std::int16_t, Bytes / 4, i>(x)), sums) *
            __builtin_convertvector((part<std::int16_t, Bytes / 4, i>(w)), sums);
    });
    return to;
  }
};

#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
namespace detail {
#  if defined(__AVX512VNNI__) && defined(__AVX512VL__)
constexpr bool has_vnni(std::size_t bytes) {
  return bytes <= 64;
}
#  elif defined(__AVX512VNNI__)
constexpr bool has_vnni(std::size_t bytes) {
  return bytes == 64;
}
#  else
constexpr bool has_vnni(std::size_t bytes) {
  return bytes <= 32;
}
#  endif
} // namespace detail

/// Four products of unsigned by signed bytes to a lane: inputs count from -128.
template <std::size_t Bytes>
requires(detail::has_vnni(Bytes)) struct dot_int8<Bytes> {
  using sums = vector<std::int32_t, Bytes / 4>;
  using bytes = vector<std::int8_t, Bytes>;
  using inputs = bytes;
  static constexpr bool has_fixed_base = true;
  static constexpr std::int32_t fixed_base = -128;

  [[gnu::always_inline]] static inline inputs prepare(bytes x, std::int32_t) {
    return x ^ broadcast<std::int8_t, Bytes>(-128);
  }

  [[gnu::always_inline]] static inline bytes widen(bytes w) { return w; }

  [[gnu::always_inline]] static inline sums add(sums to, inputs x, bytes w) {
    return vpdpbusd<Bytes>(to, x, w);
  }
};
#endif

#if defined(__ARM_FEATURE_DOTPROD) && defined(__aarch64__)
/// Four products of signed bytes to a lane: inputs count from 0.
template <>
struct dot_int8<16> {
  using sums = vector<std::int32_t, 4>;
  using bytes = vector<std::int8_t, 16>;
  using inputs = bytes;
  static constexpr bool has_fixed_base = true;
  static constexpr std::int32_t fixed_base = 0;

  [[gnu::always_inline]] static inline inputs prepare(bytes x, std::int32_t) { return x; }

  [[gnu::always_inline]] static inline bytes widen(bytes w) { return w; }

  [[gnu::always_inline]] static inline sums add(sums to, inputs x, bytes w) {
    return reinterpret_cast<sums>(vdotq_s32(reinterpret_cast<int32x4_t>(to),
                                            reinterpret_cast<int8x16_t>(x),
                                            reinterpret_cast<int8x16_t>(w)));
  }
};
#endif

} // namespace mote::kernels
