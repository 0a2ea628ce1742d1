// Quantized convolutions with constant weights by Arm's DSP extension.
#pragma once

#include <mote/core/policy.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/arm_dsp/depthwise_int8.hpp>
#include <mote/kernels/arm_dsp/instructions.hpp>
#include <mote/kernels/arm_dsp/narrow_line.hpp>
#include <mote/kernels/arm_dsp/patch.hpp>
#include <mote/kernels/generic/conv2d_int8.hpp>
#include <mote/kernels/requantize.hpp>
#include <mote/kernels/unrolled.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace mote::kernels {

namespace arm_dsp {

/// The same positions as a single row, if the kernel is only one: then they divide into pairs.
template <window Window, std::size_t Pool>
constexpr window in_one_row() {
  const bool is_one = Window.kernel_height == 1 && Window.kernel_width == 1 && Window.stride == 1;
  return !is_one || Pool > 1
             ? Window
             : window{shape{1, Window.positions(), Window.input.channels}, 1, 1, 1, padding::valid};
}

/// A convolution in which each filter sees all channels. Positions go through the kernel two by
/// two, filters three by three, as many as there are registers for; inputs are widened on the fly,
/// weights are in 16 bits. The weights are scaled, see aligned_requantization.
///
/// `Unrolls` says whether code may be spent on speed: kernels of a few words become straight code.
template <class Rounding, window Window, std::size_t Filters, std::size_t Pool, class Constants,
          bool Unrolls>
struct full_convolution {
  using scaling = aligned_requantization<Rounding, Constants>;
  using unit = output_unit<Window, Pool>;
  static constexpr std::size_t channels = Window.input.channels;

  /// Whether positions side by side share what they see of a line of the image, see narrow_line.
  static constexpr bool is_narrow =
      channels == 1 && unit::pixels == 2 && narrow_line<Window.kernel_width, Window.stride>::fits;

  /// A line of the kernel is contiguous in the image: words of four inputs, and what is left. Three
  /// are a word of a narrow line.
  static constexpr std::size_t run = Window.kernel_width * channels;
  static constexpr std::size_t words = (run + (is_narrow ? 1 : 0)) / 4;
  static constexpr std::size_t rest = 4 * words > run ? 0 : run % 4;

  /// All filters in blocks of one size: of a short kernel, code is there once for each size, and
  /// three by three are hardly faster.
  static constexpr bool all_by_twos =
      !Unrolls && Filters % 2 == 0 && Filters % 3 != 0 && Window.kernel_height * run <= 16;
  /// Filters that share a pass over the input when `left` are left: 3, but 2 + 2 and not 3 + 1.
  static constexpr std::size_t block(std::size_t left) {
    return left == 4 || all_by_twos ? 2 : std::min<std::size_t>(left, 3);
  }
  /// How many blocks of so many filters there are.
  static constexpr std::size_t blocks(std::size_t of_filters) {
    std::size_t count = 0;
    for (std::size_t left = Filters; left > 0; left -= block(left)) {
      count += block(left) == of_filters ? 1 : 0;
    }
    return count;
  }

  /// Words of the table for a kernel of so many filters, and for all that belongs to them: biases,
  /// kernel, for each a multiplier and an offset.
  static constexpr std::size_t kernel_size(std::size_t filters) {
    return Window.kernel_height * (2 * filters * words + (filters + 1) / 2 * rest);
  }
  static constexpr std::size_t block_size(std::size_t filters) {
    return 3 * filters + kernel_size(filters);
  }
  static constexpr std::size_t table_size =
      blocks(3) * block_size(3) + blocks(2) * block_size(2) + blocks(1) * block_size(1);

  static constexpr std::array<std::uint32_t, table_size> make_table() {
    std::array<std::uint32_t, table_size> result{};
    std::uint32_t* to = result.data();
    for (std::size_t f = 0; f < Filters;) {
      const std::size_t count = block(Filters - f);
      std::uint32_t* last = to + count + kernel_size(count);
      for (std::size_t i = 0; i < count; ++i, ++f) {
        to[i] = static_cast<std::uint32_t>(scaling::folded_bias(f)) << scaling::scale(f);
        pack_kernel(f, i, count, to + count);
        last[2 * i] = static_cast<std::uint32_t>(scaling::at(f).multiplier);
        last[2 * i + 1] = static_cast<std::uint32_t>(scaling::offset(f));
      }
      to += block_size(count);
    }
    return result;
  }
  static constexpr std::array<std::uint32_t, table_size> table = make_table();

  [[gnu::noinline]] static constexpr void forward(std::size_t rows, const std::int8_t* x,
                                                  std::int8_t* y) {
    for (std::size_t image = 0; image < rows; ++image) {
      for_each_unit<unit, Filters, scaling::constants::input_zero_point, position>(x, y);
      x += Window.input.size();
      y += unit::output_size * Filters;
    }
  }

private:
  /// Filter `f`, the i-th of a block of `count`: for each word of inputs, lanes for 0 and 2, then 1
  /// and 3; for each input that is left, one lane.
  static constexpr void pack_kernel(std::size_t f, std::size_t i, std::size_t count,
                                    std::uint32_t* to) {
    const std::int8_t* weights = Constants::value.weights.data() + f * Window.kernel_height * run;
    const std::int32_t scale = 1 << scaling::scale(f);
    for (std::size_t line = 0; line < Window.kernel_height; ++line, weights += run) {
      for (std::size_t word = 0; word < words; ++word, to += 2 * count) {
        const std::int8_t* w = weights + 4 * word;
        to[2 * i] = lanes(scale * w[0], scale * w[2]);
        to[2 * i + 1] = lanes(scale * w[1], 4 * word + 3 < run ? scale * w[3] : 0);
      }
      for (std::size_t k = 0; k < rest; ++k, to += (count + 1) / 2) {
        to[i / 2] |= lanes(scale * weights[4 * words + k], 0) << (i % 2 * 16);
      }
    }
  }

  /// All filters for the positions of one unit, whose inputs begin at `x`, lines `step` apart.
  [[gnu::noinline]] static constexpr void position(const std::int8_t* x, std::size_t step,
                                                   std::int8_t* y) {
    const std::uint32_t* from = opaque(table.data());
    if constexpr (!Window.is_padded()) {
      step = Window.input.width * channels;
    }
    unrolled<3>([&](auto i) __attribute__((always_inline)) {
      constexpr std::size_t count = 3 - i;
      if constexpr (blocks(count) > 0) {
        for (const std::int8_t* last = y + count * blocks(count); y != last; y += count) {
          from = filters<count>(from, x, step, y);
        }
      }
    });
  }

  /// Takes the table and returns where the next filters begin in it.
  template <std::size_t Count>
  [[gnu::always_inline]] static constexpr const std::uint32_t*
  filters(const std::uint32_t* from, const std::int8_t* x, std::size_t step, std::int8_t* y) {
    std::int32_t sums[unit::pixels][Count]{};
    if constexpr (Pool == 1) {
      return store(add(from, x, step, sums), sums, y);
    } else {
      std::int32_t largest[1][Count]{};
      std::fill_n(largest[0], Count, std::numeric_limits<std::int32_t>::min());
      const std::uint32_t* factors = from;
      for (std::size_t row = 0; row < Pool; ++row) {
        for (std::size_t column = 0; column < Pool; column += unit::pixels) {
          const std::size_t start = std::min(column, Pool - unit::pixels);
          factors = add(from, x + Window.stride * (row * step + start * channels), step, sums);
          unrolled<unit::pixels * Count>([&](auto i) __attribute__((always_inline)) {
            largest[0][i % Count] = std::max(largest[0][i % Count], sums[i / Count][i % Count]);
          });
        }
      }
      return store(factors, largest, y);
    }
  }

  /// The sums of Count filters at Pixels positions side by side.
  template <std::size_t Pixels, std::size_t Count>
  [[gnu::always_inline]] static constexpr const std::uint32_t*
  add(const std::uint32_t* from, const std::int8_t* x, std::size_t step,
      std::int32_t (&sums)[Pixels][Count]) {
    constexpr std::size_t distance = Window.stride * channels;
    unrolled<Count>([&](auto f) __attribute__((always_inline)) {
      unrolled<Pixels>([&](auto p) __attribute__((always_inline)) {
        sums[p][f] = static_cast<std::int32_t>(from[f]);
      });
    });
    from += Count;
    const auto add_word = [&](std::size_t at) __attribute__((always_inline)) {
      std::uint32_t even[Pixels]{};
      std::uint32_t odd[Pixels]{};
      unrolled<Pixels>([&](auto p) __attribute__((always_inline)) {
        const std::uint32_t inputs = load_bytes(x + (at + p * distance));
        even[p] = even_bytes(inputs);
        odd[p] = odd_bytes(inputs);
      });
      unrolled<Count>([&](auto f) __attribute__((always_inline)) {
        const word_pair weights = load_pair(from);
        unrolled<Pixels>([&](auto p) __attribute__((always_inline)) {
          sums[p][f] = smlad(weights.first, even[p], sums[p][f]);
          sums[p][f] = smlad(weights.second, odd[p], sums[p][f]);
        });
      });
      all_in_order(x, sums);
    };
    const auto add_single = [&](std::size_t at) __attribute__((always_inline)) {
      const word_pair weights = Count == 3 ? load_pair(from) : word_pair{*from++, 0};
      unrolled<Pixels>([&](auto p) __attribute__((always_inline)) {
        add_input<0>(static_cast<std::uint32_t>(x[at + p * distance]), weights, sums[p]);
      });
      all_in_order(x, sums);
    };
    constexpr std::size_t straight = is_narrow || words <= (Unrolls ? 4 : 2) ? words : words % 2;
    const auto add_line = [&]() __attribute__((always_inline)) {
      if constexpr (is_narrow) {
        narrow_line<Window.kernel_width, Window.stride>::add(from, x, sums);
      } else {
        for (std::size_t word = straight; word < words; word += 2) {
          add_word(0);
          add_word(4);
          x += 8;
        }
        unrolled<straight>([&](auto word) __attribute__((always_inline)) { add_word(4 * word); });
        unrolled<rest>([&](auto k)
                           __attribute__((always_inline)) { add_single(4 * straight + k); });
      }
    };
    // Not behind the last line, where there may be nothing.
    const std::size_t to_next = step - 4 * (words - straight);
    if constexpr (Unrolls && words <= 1) {
      add_line();
      unrolled<Window.kernel_height - 1>([&](auto) __attribute__((always_inline)) {
        x += to_next;
        add_line();
      });
    } else {
      for (std::size_t left = Window.kernel_height;; x += to_next) {
        add_line();
        if (--left == 0) {
          break;
        }
      }
    }
    return from;
  }

  /// `from` the multipliers on.
  template <std::size_t Pixels, std::size_t Count>
  [[gnu::always_inline]] static constexpr const std::uint32_t*
  store(const std::uint32_t* from, std::int32_t (&sums)[Pixels][Count], std::int8_t* y) {
    all_in_order(from, sums);
    unrolled<Count>([&](auto f) __attribute__((always_inline)) {
      const word_pair factor = load_pair(from);
      unrolled<Pixels>([&](auto p) __attribute__((always_inline)) {
        y[p * Filters + f] = scaling::template code<isa::arm_dsp>(
            sums[p][f], static_cast<std::int32_t>(factor.first),
            static_cast<std::int32_t>(factor.second));
      });
    });
    return from;
  }
};

/// Full convolutions, and those of each channel on its own.
struct constant_conv2d_int8 {
  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool, class Constants>
  static constexpr bool fits =
      (Groups == 1 ||
       is_depthwise<Window, Groups, Pool>)&&aligned_requantization<Rounding, Constants>::fits;

  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool, class Constants>
  using kernel = std::conditional_t<is_depthwise<Window, Groups, Pool>,
                                    depthwise_convolution<Rounding, Window, Filters, Constants>,
                                    full_convolution<Rounding, in_one_row<Window, Pool>(), Filters,
                                                     Pool, Constants, !optimizes_size>>;

  /// Of all that is kept instead of the layer's parameters.
  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool, class Constants>
  static constexpr std::size_t
      flash_bytes = sizeof(kernel<Rounding, Window, Filters, Groups, Pool, Constants>::table);

  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool, class Constants>
  static constexpr void forward(std::size_t rows, const std::int8_t* x, std::int8_t* y) {
    kernel<Rounding, Window, Filters, Groups, Pool, Constants>::forward(rows, x, y);
  }
};

} // namespace arm_dsp

template <>
struct constant_conv2d_int8<isa::arm_dsp, balanced> : arm_dsp::constant_conv2d_int8 {};
template <>
struct constant_conv2d_int8<isa::arm_dsp, fastest> : arm_dsp::constant_conv2d_int8 {};

} // namespace mote::kernels
