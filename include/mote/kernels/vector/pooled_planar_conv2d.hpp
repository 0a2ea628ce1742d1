// Convolutions of one channel with a few filters and the pool behind them, with the positions side
// by side in registers.
#pragma once

#include <mote/core/window.hpp>
#include <mote/kernels/vector/blocks.hpp>
#include <mote/kernels/vector/elementwise.hpp>
#include <mote/kernels/vector/lanes.hpp>
#include <mote/kernels/vector/strip.hpp>
#include <mote/kernels/vector/vector.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels {

namespace detail {

template <class T>
using integer_of = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

/// The largest of Count outputs.
template <std::size_t Count, class T, std::size_t Lanes>
[[gnu::always_inline]] inline vector<T, Lanes> largest_of(const vector<T, Lanes>* outputs) {
  vector<T, Lanes> largest = outputs[0];
  unrolled<Count - 1>(
      [&](auto i) { largest = outputs[i + 1] > largest ? outputs[i + 1] : largest; });
  return largest;
}

/// The number of the first of them that is as large.
template <std::size_t Count, class T, std::size_t Lanes>
[[gnu::always_inline]] inline vector<integer_of<T>, Lanes>
first_equal(const vector<T, Lanes>* outputs, vector<T, Lanes> largest) {
  using integer = integer_of<T>;
  vector<integer, Lanes> result = broadcast<integer, Lanes>(Count - 1);
  unrolled<Count - 1>([&](auto i) {
    constexpr std::size_t number = Count - 2 - i;
    result = outputs[number] == largest ? broadcast<integer, Lanes>(number) : result;
  });
  return result;
}

} // namespace detail

/// The forward pass of pooled_conv2d for images of one channel and a pool of 2 x 2. Two rows of
/// outputs are made at a time, a plane for each filter, and pooled from there. `Window` has even
/// outputs.
template <std::size_t Bytes, window Window, std::size_t Filters, class T>
struct pooled_planar_conv2d {
private:
  static constexpr std::size_t lanes = Bytes / sizeof(T);
  static constexpr std::size_t half = lanes / 2;
  /// Filters as the exchange of positions and filters takes them.
  static constexpr std::size_t planes = std::bit_ceil(Filters);
  using strip = image_strip<Window, planes, T, 2>;
  static constexpr std::size_t width = Window.output_width;
  static constexpr std::size_t pooled_width = width / 2;
  static constexpr std::size_t most_sums = block_sums<Bytes>;

  /// The sums are [row][filter][line_of_sums]: as many as the pool reads, which are more than there
  /// are.
  static constexpr std::size_t line_of_sums = (width + 2 * lanes - 1) / (2 * lanes) * 2 * lanes;

  /// The end of a row may fit half a register: then the other half takes that of the other row.
  static constexpr bool ends_in_half = width % lanes > 0 && width % lanes <= half;
  static constexpr bool half_joins = ends_in_half && 3 * Filters <= most_sums;

  /// The outputs in a register of each of the two rows, from column `at` on; and with Half those in
  /// half a register at the end of both.
  template <bool Whole, bool Half>
  [[gnu::always_inline]] static inline void
  forward_block(const T* x, std::size_t at, const T* weights, const T* bias, T* sums) {
    constexpr std::size_t vectors = 2 * Whole + Half;
    constexpr std::size_t last = width - half;
    vector<T, lanes> local[vectors][Filters];
    unrolled<Filters>([&](auto f) {
      const vector<T, lanes> start = broadcast<T, lanes>(bias != nullptr ? bias[f] : T{0});
      unrolled<vectors>([&](auto v) { local[v][f] = start; });
    });
    for (std::size_t ky = 0; ky < strip::kernel_height; ++ky) {
      const T* from = x + ky * strip::line;
      for (std::size_t kx = 0; kx < strip::run; ++kx) {
        vector<T, lanes> values[vectors];
        if constexpr (Whole) {
          unrolled<2>([&](auto row) {
            values[row] = in_register<T, lanes>(load<T, lanes>(from + row * strip::line + at));
          });
        }
        if constexpr (Half) {
          values[vectors - 1] = in_register<T, lanes>(side_by_side<T, half>(
              load<T, half>(from + last), load<T, half>(from + strip::line + last)));
        }
        unrolled<Filters>([&](auto f) {
          const vector<T, lanes> w = broadcast<T, lanes>(weights[f * strip::taps]);
          unrolled<vectors>([&](auto v) { local[v][f] += values[v] * w; });
        });
        ++weights;
        ++from;
      }
    }
    unrolled<Filters>([&](auto f) {
      unrolled<2>([&](auto row) {
        T* to = sums + (row * Filters + f) * line_of_sums;
        if constexpr (Whole) {
          store<T, lanes>(to + at, local[row][f]);
        }
        if constexpr (Half) {
          store<T, half>(to + last, part<row * half, half, T, lanes>(local[vectors - 1][f]));
        }
      });
    });
  }

  static void forward_rows(const T* x, const T* weights, const T* bias, T* sums) {
    constexpr std::size_t whole = ends_in_half ? width / lanes : (width + lanes - 1) / lanes;
    for (std::size_t i = 0; i + half_joins < whole; ++i) {
      forward_block<true, false>(x, std::min(i * lanes, width - lanes), weights, bias, sums);
    }
    if constexpr (half_joins) {
      forward_block<true, true>(x, (whole - 1) * lanes, weights, bias, sums);
    } else if constexpr (ends_in_half) {
      forward_block<false, true>(x, 0, weights, bias, sums);
    }
  }

  /// The choices of several filters share an integer of the size of T, one byte each.
  using integer = detail::integer_of<T>;
  static constexpr std::size_t words = std::bit_ceil((Filters + sizeof(T) - 1) / sizeof(T));
  static constexpr int shift(std::size_t filter) {
    const std::size_t byte = filter % sizeof(T);
    return static_cast<int>(
        8 * (std::endian::native == std::endian::little ? byte : sizeof(T) - 1 - byte));
  }

  /// Count windows side by side, for all filters.
  template <bool Chooses, std::size_t Count>
  static void pool(const T* sums, T* y, std::uint8_t* chosen) {
    // Read as it was written: else a load would have to wait for two stores.
    constexpr std::size_t more = std::max(2 * Count, lanes) - lanes;
    constexpr std::size_t read = more == 0 ? 0 : more <= half ? half : lanes;
    vector<T, lanes> largest[planes]{};
    vector<integer, lanes> choices[words]{};
    unrolled<Filters>([&](auto f) {
      vector<T, lanes> outputs[4];
      unrolled<2>([&](auto row) {
        const T* from = sums + (row * Filters + f) * line_of_sums;
        const auto low = load<T, lanes>(from);
        const auto high = load_part<T, lanes, read>(from + lanes);
        outputs[2 * row] = detail::every<0, 2, lanes>(low, high);
        outputs[2 * row + 1] = detail::every<1, 2, lanes>(low, high);
      });
      largest[f] = detail::largest_of<4, T, lanes>(outputs);
      if constexpr (Chooses) {
        choices[f / sizeof(T)] |= detail::first_equal<4, T, lanes>(outputs, largest[f]) << shift(f);
      }
    });
    interleave<T, lanes, planes>(largest);
    constexpr std::size_t in_vector = lanes / planes;
    unrolled<Count>([&](auto p) { // each writes beyond its filters, and the next one over that
      constexpr std::size_t written = p + 1 < Count ? planes : Filters;
      store_part<planes, written>(
          y + p * Filters, part<p % in_vector * planes, planes, T, lanes>(largest[p / in_vector]));
    });
    if constexpr (Chooses) {
      interleave<integer, lanes, words>(choices);
      alignas(Bytes) std::uint8_t bytes[sizeof(choices)];
      __builtin_memcpy(bytes, choices, sizeof(choices));
      unrolled<Count>([&](auto p) {
        constexpr std::size_t written = std::min(words * sizeof(T), (Count - p) * Filters);
        std::copy_n(bytes + p * words * sizeof(T), written, chosen + p * Filters);
      });
    }
  }

public:
  /// Whether this is faster than to have the filters side by side, which would not fill their
  /// registers.
  static constexpr bool pays = Window.input.channels == 1 && Window.stride == 1 &&
                               Filters < lanes && planes <= lanes && 2 * Filters <= most_sums &&
                               width >= lanes;

  /// With Chooses, `chosen` is written too.
  template <class Activation, bool Chooses>
  static void forward(std::size_t rows, const T* x, const T* weights, const T* bias, T* y,
                      std::uint8_t* chosen) {
    alignas(Bytes) T sums[2 * Filters * line_of_sums]{};
    strip::for_each(rows, [&](std::size_t image, std::size_t row, std::size_t height, auto& lines) {
      const T* from = lines.read(x + image * Window.input.size(), row, height);
      const std::size_t at = (image * Window.output_height + row) / 2 * pooled_width * Filters;
      for (std::size_t r = 0; r < height; r += 2) {
        forward_rows(from + r * strip::line, weights, bias, sums);
        in_blocks<pooled_width, lanes>([&](std::size_t column, auto count) {
          const std::size_t to = at + (r / 2 * pooled_width + column) * Filters;
          pool<Chooses, count>(sums + 2 * column, y + to, Chooses ? chosen + to : nullptr);
        });
      }
      elementwise<isa::simd<Bytes>>::template forward<Activation>(
          height / 2 * pooled_width * Filters, y + at, y + at);
    });
  }
};

} // namespace mote::kernels
