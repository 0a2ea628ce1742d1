// Quantized convolutions of each channel on its own, with constant weights, by Arm's DSP extension.
#pragma once

#include <mote/core/window.hpp>
#include <mote/kernels/arm_dsp/instructions.hpp>
#include <mote/kernels/requantize.hpp>
#include <mote/kernels/unrolled.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace mote::kernels::arm_dsp {

/// Whether there are as many groups as channels, and registers for a kernel.
template <window Window, std::size_t Groups, std::size_t Pool>
inline constexpr bool is_depthwise = Groups > 1 && Groups == Window.input.channels&& Pool == 1 &&
                                     Window.kernel_height* Window.kernel_width <= 10;

/// The lines of an image that go with the lines of a kernel in the windows of one row: all that
/// there are of a small image.
template <window Window>
struct kernel_lines {
  static constexpr std::size_t count = std::min(Window.kernel_height, Window.input.height);

  /// Of the first in the padded image, where nothing is negative: the nearest on the image.
  static constexpr std::size_t first(std::size_t row) {
    return std::clamp(row * Window.stride, Window.pad_top,
                      Window.pad_top + Window.input.height - count);
  }

  /// Lines of zeros before and behind a kernel that first(row) - row * stride may lead to.
  static constexpr std::size_t before = [] {
    std::size_t most = 0;
    for (std::size_t row = 0; row < Window.output_height; ++row) {
      most = std::max(most, row * Window.stride - std::min(row * Window.stride, first(row)));
    }
    return most;
  }();
  static constexpr std::size_t behind = [] {
    std::size_t most = 0;
    for (std::size_t row = 0; row < Window.output_height; ++row) {
      const std::size_t last = first(row) + count;
      const std::size_t end = row * Window.stride + Window.kernel_height;
      most = std::max(most, last - std::min(last, end));
    }
    return most;
  }();
  /// From one kernel to the next, with the zeros between them.
  static constexpr std::size_t step = Window.kernel_height + std::max(before, behind);
};

/// The weights of a filter stay in registers while it goes along a row of outputs, two by two. For
/// a row whose windows reach beyond the image they are taken from as many lines further on, where
/// there are zeros; windows that reach beyond its sides see the zero point there.
template <class Rounding, window Window, std::size_t Filters, class Constants>
struct depthwise_convolution {
  using scaling = aligned_requantization<Rounding, Constants>;
  using lines = kernel_lines<Window>;
  static constexpr std::size_t channels = Window.input.channels;
  static constexpr std::size_t multiplier = Filters / channels; ///< filters of one channel
  static constexpr std::size_t taps = lines::count * Window.kernel_width;
  static constexpr std::size_t weight_words = (taps + 1) / 2;
  static constexpr std::size_t kernel_size = lines::step * Window.kernel_width;
  static constexpr std::int32_t zero_point = scaling::constants::input_zero_point;

  struct table_type {
    /// Of each filter: multiplier, offset, bias.
    std::array<std::uint32_t, 3 * Filters> numbers;
    /// Of each filter, line by line, with zeros around. A word may be loaded of the last.
    std::array<std::int16_t, lines::before * Window.kernel_width + Filters * kernel_size + taps % 2>
        weights;
  };

  static constexpr table_type make_table() {
    table_type result{};
    constexpr std::size_t size = Window.kernel_height * Window.kernel_width;
    std::uint32_t* to = result.numbers.data();
    for (std::size_t f = 0; f < Filters; ++f, to += 3) {
      to[0] = static_cast<std::uint32_t>(scaling::at(f).multiplier);
      to[1] = static_cast<std::uint32_t>(scaling::offset(f));
      to[2] = static_cast<std::uint32_t>(scaling::at(f).bias) << scaling::scale(f);
      for (std::size_t i = 0; i < size; ++i) {
        result.weights[lines::before * Window.kernel_width + f * kernel_size + i] =
            static_cast<std::int16_t>(Constants::value.weights[f * size + i] *
                                      (1 << scaling::scale(f)));
      }
    }
    return result;
  }
  static constexpr table_type table = make_table();

  [[gnu::noinline]] static constexpr void forward(std::size_t rows, const std::int8_t* x,
                                                  std::int8_t* y) {
    for (std::size_t image = 0; image < rows; ++image) {
      for (std::size_t row = 0; row < Window.output_height; ++row) {
        const std::size_t first = lines::first(row);
        const std::size_t moved = lines::before + first - row * Window.stride;
        add_row(table.weights.data() + moved * Window.kernel_width,
                x + (first - Window.pad_top) * Window.input.width * channels, y);
        y += Window.output_width * Filters;
      }
      x += Window.input.size();
    }
  }

private:
  /// Columns of outputs whose windows are between the sides of the image: [first, last).
  struct inner_columns {
    std::size_t first;
    std::size_t last;
  };
  static constexpr inner_columns inner = [] {
    inner_columns result{};
    const auto is_inner = [](std::size_t column) {
      return column * Window.stride >= Window.pad_left &&
             column * Window.stride + Window.kernel_width <= Window.pad_left + Window.input.width;
    };
    while (result.first < Window.output_width && !is_inner(result.first)) {
      ++result.first;
    }
    result.last = result.first;
    while (result.last < Window.output_width && is_inner(result.last)) {
      ++result.last;
    }
    return result;
  }();

  /// A row of outputs of all filters; `x` is where the lines of the image begin.
  [[gnu::noinline]] static constexpr void add_row(const std::int16_t* weights, const std::int8_t* x,
                                                  std::int8_t* y) {
    const std::uint32_t* numbers = opaque(table.numbers.data());
    for (std::size_t channel = 0; channel < channels; ++channel, ++x) {
      for (std::size_t m = 0; m < multiplier; ++m, ++y) {
        filter(numbers, weights).add_row(x, y);
        numbers += 3;
        weights += kernel_size;
      }
    }
  }

  struct filter {
    std::int32_t factor;
    std::int32_t offset;
    std::int32_t bias;
    std::uint32_t weights[weight_words]{};

    [[gnu::always_inline]] constexpr filter(const std::uint32_t* numbers, const std::int16_t* from)
        : factor(static_cast<std::int32_t>(numbers[0])),
          offset(static_cast<std::int32_t>(numbers[1])),
          bias(static_cast<std::int32_t>(numbers[2])) {
      unrolled<weight_words>([&](auto i) __attribute__((always_inline)) {
        weights[i] = load_lanes(from + 2 * i);
        bias = 2 * i + 1 < taps ? smlad(weights[i], lanes(-zero_point, -zero_point), bias)
                                : smla<0, 0>(lanes(-zero_point, 0), weights[i], bias);
      });
    }

    [[gnu::always_inline]] constexpr void add_row(const std::int8_t* x, std::int8_t* y) const {
      unrolled<inner.first>([&](auto column) __attribute__((always_inline)) {
        add<1, column * Window.stride>(x, y + column * Filters);
      });
      unrolled<Window.output_width - inner.last>([&](auto i) __attribute__((always_inline)) {
        constexpr std::size_t column = inner.last + i;
        add<1, column * Window.stride>(x, y + column * Filters);
      });
      if constexpr (inner.first < inner.last) {
        add_inner(x + (inner.first * Window.stride - Window.pad_left) * channels,
                  y + inner.first * Filters);
      }
    }

    [[gnu::always_inline]] constexpr void add_inner(const std::int8_t* x, std::int8_t* y) const {
      constexpr std::size_t width = inner.last - inner.first;
      constexpr std::size_t pixels = std::min<std::size_t>(width, 2);
      constexpr std::size_t count = (width + pixels - 1) / pixels;
      for (std::size_t left = count;; --left) {
        add<pixels, Window.pad_left>(x, y);
        if (left == 1) {
          return;
        }
        // Where the width is odd, the last two overlap.
        const std::size_t step = left == 2 ? width - (count - 1) * pixels : pixels;
        x += step * Window.stride * channels;
        y += step * Filters;
      }
    }

    /// Outputs side by side, whose windows begin in column Left of the padded image; `x` is its
    /// column pad_left.
    template <std::size_t Pixels, std::size_t Left>
    [[gnu::always_inline]] constexpr void add(const std::int8_t*& x, std::int8_t* y) const {
      std::int32_t sums[Pixels]{};
      std::fill_n(sums, Pixels, bias);
      unrolled<taps>([&](auto tap) __attribute__((always_inline)) {
        constexpr std::size_t line = tap / Window.kernel_width;
        constexpr std::size_t column = tap % Window.kernel_width;
        unrolled<Pixels>([&](auto p) __attribute__((always_inline)) {
          constexpr std::size_t at = Left + column + p * Window.stride - Window.pad_left;
          std::int32_t input = zero_point;
          if constexpr (at < Window.input.width) { // and not negative
            input = x[(line * Window.input.width + at) * channels];
          }
          sums[p] = smla<0, tap % 2>(static_cast<std::uint32_t>(input), weights[tap / 2], sums[p]);
        });
        if constexpr (column + 1 == Window.kernel_width) {
          unrolled<Pixels>([&](auto p) __attribute__((always_inline)) { in_order(x, sums[p]); });
        }
      });
      unrolled<Pixels>([&](auto p) __attribute__((always_inline)) {
        y[p * Filters] = scaling::template code<isa::arm_dsp>(sums[p], factor, offset);
      });
    }
  };
};

} // namespace mote::kernels::arm_dsp
