// Sums over lines of inputs, and the short lines of images with one channel, of which positions
// side by side see almost the same.
#pragma once

#include <mote/kernels/arm_dsp/instructions.hpp>
#include <mote/kernels/unrolled.hpp>

#include <cstddef>
#include <cstdint>

namespace mote::kernels::arm_dsp {

/// Adds lane Lane of `input` times a weight of each filter: those of the first two are the lanes of
/// one word.
template <std::size_t Lane, std::size_t Count>
[[gnu::always_inline]] constexpr void add_input(std::uint32_t input, const word_pair& weights,
                                                std::int32_t (&sums)[Count]) {
  unrolled<Count>([&](auto f) __attribute__((always_inline)) {
    sums[f] = smla<Lane, f % 2>(input, f < 2 ? weights.first : weights.second, sums[f]);
  });
}

/// in_order for all sums.
template <class T, std::size_t Pixels, std::size_t Count>
[[gnu::always_inline]] constexpr void all_in_order(const T*& input,
                                                   std::int32_t (&sums)[Pixels][Count]) {
  unrolled<Pixels * Count>([&](auto i) __attribute__((always_inline)) {
    in_order(input, sums[i / Count][i % Count]);
  });
}

/// A line of a kernel of Width weights and one channel at two positions, Stride apart. What they
/// see is loaded and extended once: for every column s the lanes (s, s + 2).
///
/// The weights of a filter are (0, 2), (1, 3), then (4, 6), (5, 7) and so on, with a zero for a
/// fourth that is missing; of one or two that are left there is a lane for each filter.
template <std::size_t Width, std::size_t Stride>
struct narrow_line {
  /// Of fewer columns there is no word, more do not fit the registers.
  static constexpr bool fits = Width >= 3 && Width <= 8;

  template <std::size_t Count>
  [[gnu::always_inline]] static constexpr void
  add(const std::uint32_t*& from, const std::int8_t*& x, std::int32_t (&sums)[2][Count]) {
    constexpr std::size_t seen = Stride + Width;
    std::uint32_t columns[seen - 2]{};
    unrolled<seen - 2>([&](auto s) __attribute__((always_inline)) {
      columns[s] = s % 2 == 0 && s + 3 < seen ? even_bytes(load_bytes(x + s))
                                              : odd_bytes(load_bytes(x + s - 1));
    });
    constexpr std::size_t words = (Width + 1) / 4;
    unrolled<words>([&](auto word) __attribute__((always_inline)) {
      unrolled<Count>([&](auto f) __attribute__((always_inline)) {
        const word_pair weights = load_pair(from);
        unrolled<2>([&](auto p) __attribute__((always_inline)) {
          constexpr std::size_t at = p * Stride + 4 * word;
          sums[p][f] = smlad(weights.first, columns[at], sums[p][f]);
          if constexpr (4 * word + 3 < Width) {
            sums[p][f] = smlad(weights.second, columns[at + 1], sums[p][f]);
          } else if constexpr (at == 0) { // the next column alone
            sums[p][f] = smla<0, 0>(columns[1], weights.second, sums[p][f]);
          } else {
            sums[p][f] = smla<1, 0>(columns[at - 1], weights.second, sums[p][f]);
          }
        });
      });
      all_in_order(x, sums);
    });
    constexpr std::size_t rest = 4 * words > Width ? 0 : Width % 4;
    unrolled<rest>([&](auto k) __attribute__((always_inline)) {
      const word_pair weights = Count == 3 ? load_pair(from) : word_pair{*from++, 0};
      unrolled<2>([&](auto p) __attribute__((always_inline)) {
        add_input<1>(columns[p * Stride + 4 * words + k - 2], weights, sums[p]);
      });
      all_in_order(x, sums);
    });
  }
};

} // namespace mote::kernels::arm_dsp
