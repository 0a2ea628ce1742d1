// The dense product of constant weights in no more flash than they take: one
// multiplication each, but four rows of weights behind one pointer and for one
// load of an input.
#pragma once

#include <mote/kernels/scalar32/lanes.hpp>
#include <mote/kernels/scalar32/requantize.hpp>
#include <mote/kernels/unrolled.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels::scalar32 {

/// Armv6-M loads signed bytes only from the sum of two registers, unsigned ones
/// also from a constant offset: there 128 is added to the weights.
#if defined(__thumb__) && !defined(__thumb2__)
using interleaved_weight = std::uint8_t;
#else
using interleaved_weight = std::int8_t;
#endif

template <class Rounding, class Constants, std::size_t Outputs, std::size_t Inputs>
struct interleaved_product {
  using codes_type = codes<Rounding, Constants>;
  static constexpr std::size_t block = 4;
  static constexpr std::int32_t weight_offset = std::is_unsigned_v<interleaved_weight> ? 128 : 0;

  static constexpr bool fits = codes_type::fits;

  /// Of each `block` outputs [Inputs][block].
  static constexpr auto weights = [] {
    std::array<interleaved_weight, Outputs * Inputs> result{};
    // Plain pointers: compilers count steps, of which they take only so many.
    interleaved_weight* to = result.data();
    const std::int8_t* const all = Constants::value.weights.data();
    for (std::size_t first = 0; first < Outputs; first += block) {
      const std::size_t end = std::min(first + block, Outputs) * Inputs;
      for (std::size_t i = 0; i < Inputs; ++i) {
        for (std::size_t at = first * Inputs + i; at < end; at += Inputs) {
          *to++ = static_cast<interleaved_weight>(codes_type::sign * all[at] + weight_offset);
        }
      }
    }
    return result;
  }();

  struct output_channel {
    std::int32_t start;
    typename codes_type::channel_type rest;
  };
  using channel_type = std::conditional_t<codes_type::sums_have_bias, output_channel,
                                          typename codes_type::channel_type>;

  static constexpr auto channels = [] {
    std::array<channel_type, Outputs> result{};
    for (std::size_t o = 0; o < Outputs; ++o) {
      if constexpr (codes_type::sums_have_bias) {
        result[o] = {codes_type::start(o), codes_type::at(o)};
      } else {
        result[o] = codes_type::at(o);
      }
    }
    return result;
  }();

  static constexpr std::size_t flash_bytes = sizeof weights + sizeof channels;

  static constexpr void forward(const std::int8_t* x, std::int8_t* y) {
    const interleaved_weight* w = opaque(weights.data());
    const channel_type* c = opaque(channels.data());
    std::int32_t excess = 0;
    if constexpr (weight_offset != 0) {
      for (std::size_t i = 0; i < Inputs; ++i) {
        excess -= x[i] * weight_offset;
      }
    }
    constexpr std::size_t rest = Outputs % block;
    for (std::size_t o = 0; o + block <= Outputs; o += block) {
      units<block>(x, excess, w, c, y);
    }
    if constexpr (rest > 0) {
      units<rest>(x, excess, w, c, y);
    }
  }

private:
  template <std::size_t Count>
  [[gnu::always_inline]] static constexpr void units(const std::int8_t* x, std::int32_t excess,
                                                     const interleaved_weight*& w,
                                                     const channel_type*& c, std::int8_t*& y) {
    std::int32_t sums[Count];
    unrolled<Count>([&](auto u) {
      sums[u] = excess;
      if constexpr (codes_type::sums_have_bias) {
        sums[u] += c[u].start;
      }
    });
    constexpr std::size_t step = 4;
    const std::int8_t* end = x + Inputs / step * step;
    while (x != end) {
      unrolled<step>([&](auto i)
                         __attribute__((always_inline)) { add(x[i], w + i * Count, sums); });
      x += step;
      w += step * Count;
    }
    unrolled<Inputs % step>([&](auto i) __attribute__((always_inline)) {
      add(x[i], w, sums);
      w += Count;
    });
    unrolled<Count>([&](auto u) __attribute__((always_inline)) {
      if constexpr (codes_type::sums_have_bias) {
        *y++ = codes_type::code(sums[u], c[u].rest);
      } else {
        *y++ = codes_type::code(sums[u], c[u]);
      }
    });
    c += Count;
  }

  template <std::size_t Count>
  [[gnu::always_inline]] static constexpr void add(std::int32_t x, const interleaved_weight* w,
                                                   std::int32_t (&sums)[Count]) {
    unrolled<Count>([&](auto u) __attribute__((always_inline)) { sums[u] += x * w[u]; });
#if defined(__GNUC__)
    if (!std::is_constant_evaluated()) {
      __asm__ volatile("" ::
                           : "memory"); // GCC 12 would load far ahead and run
                                        // out of registers
    }
#endif
  }
};

} // namespace mote::kernels::scalar32
