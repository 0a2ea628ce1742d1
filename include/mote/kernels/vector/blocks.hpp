// How the work of a convolution is cut into blocks that fit the registers.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/kernels/vector/lanes.hpp>
#include <mote/kernels/vector/vector.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <type_traits>

namespace mote::kernels {

/// Sums side by side: enough to hide the latency of a fused multiply-add (two ports, four cycles),
/// few enough to leave registers for the operands.
template <std::size_t Bytes>
inline constexpr std::size_t block_sums = isa::simd<Bytes>::registers == 32 ? 25 : 12;

/// `Count` elements in registers: `vectors` of them, no wider than the elements need.
template <std::size_t Bytes, class T, std::size_t Count>
struct register_packing {
  static constexpr std::size_t lanes = std::min(Bytes / sizeof(T), std::bit_ceil(Count));
  static constexpr std::size_t vectors = (Count + lanes - 1) / lanes;
  static constexpr std::size_t padded = vectors * lanes;
};

/// The largest block of at most `limit` such that blocks of `total` are nearly equal.
constexpr std::size_t even_block(std::size_t total, std::size_t limit) {
  const std::size_t blocks = (total + limit - 1) / limit;
  return (total + blocks - 1) / blocks;
}

/// A block of at most `limit` elements of a matrix of height x width.
struct tile {
  std::size_t height;
  std::size_t width;

  constexpr tile(std::size_t total_height, std::size_t total_width, std::size_t limit)
      : height(1), width(even_block(total_width, limit)) {
    if (width == total_width) {
      height = even_block(total_height, limit / width);
    }
  }
};

/// Calls f(first, integral_constant of how many) for blocks that cover Total.
template <std::size_t Total, std::size_t Block, class F>
[[gnu::always_inline]] inline void in_blocks(F&& f) {
  constexpr std::size_t tail = Total % Block;
  for (std::size_t first = 0; first + Block <= Total; first += Block) {
    f(first, std::integral_constant<std::size_t, Block>{});
  }
  if constexpr (tail > 0) {
    f(Total - tail, std::integral_constant<std::size_t, tail>{});
  }
}

/// The same where the total is known late: what is left over comes one by one.
template <std::size_t Block, class F>
[[gnu::always_inline]] inline void in_blocks_of(std::size_t total, F&& f) {
  const std::size_t blocked = total - total % Block;
  for (std::size_t first = 0; first < blocked; first += Block) {
    f(first, std::integral_constant<std::size_t, Block>{});
  }
  for (std::size_t first = blocked; first < total; ++first) {
    f(first, std::integral_constant<std::size_t, 1>{});
  }
}

/// The same pointer, of which the compiler knows nothing. Else it sees that neighbouring windows
/// overlap and carries inputs from one round of a loop to the next in the registers of the sums.
template <class T>
[[gnu::always_inline]] inline const T* opaque_pointer(const T* pointer) {
  asm("" : "+r"(pointer));
  return pointer;
}

/// Weights [Count][Taps] as [Taps][padded], with zeros behind the filters.
template <std::size_t Bytes, std::size_t Count, std::size_t Taps, class T>
void pack_filters(const T* weights, T* packed) {
  using pack = register_packing<Bytes, T, Count>;
  constexpr std::size_t lanes = pack::lanes;
  if constexpr (Taps < lanes) {
    for (std::size_t t = 0; t < Taps; ++t) {
      for (std::size_t f = 0; f < pack::padded; ++f) {
        packed[t * pack::padded + f] = f < Count ? weights[f * Taps + t] : T{0};
      }
    }
  } else {
    unrolled<pack::vectors>([&](auto v) {
      constexpr std::size_t filters = std::min(Count - v * lanes, lanes);
      for (std::size_t tap = 0; tap < Taps; tap += lanes) {
        const std::size_t first = std::min(tap, Taps - lanes);
        vector<T, lanes> rows[lanes]{};
        unrolled<filters>(
            [&](auto f) { rows[f] = load<T, lanes>(weights + (v * lanes + f) * Taps + first); });
        interleave<T, lanes, lanes>(rows);
        unrolled<lanes>([&](auto t) {
          store<T, lanes>(packed + (first + t) * pack::padded + v * lanes, rows[t]);
        });
      }
    });
  }
}

/// sums += the sum of all rows of `Count` elements, Stride apart, four at a time to hide the
/// latency of an addition. Reads and adds whole registers.
template <std::size_t Bytes, std::size_t Stride, std::size_t Count, class T>
void add_rows(std::size_t rows, const T* from, T* sums) {
  using pack = register_packing<Bytes, T, Count>;
  constexpr std::size_t lanes = pack::lanes;
  unrolled<pack::vectors>([&](auto v) {
    vector<T, lanes> local[4]{};
    in_blocks_of<4>(rows, [&](std::size_t row, auto count) {
      unrolled<count>(
          [&](auto r) { local[r] += load<T, lanes>(from + (row + r) * Stride + v * lanes); });
    });
    T* to = sums + v * lanes;
    store<T, lanes>(to, load<T, lanes>(to) + ((local[0] + local[1]) + (local[2] + local[3])));
  });
}

} // namespace mote::kernels
