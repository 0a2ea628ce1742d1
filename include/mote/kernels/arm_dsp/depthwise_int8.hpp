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

/// The weights of a filter stay in registers while it goes along a row of outputs, two by two.
/// Where the image is padded, the lines under that row are copied with their padding, for a few
/// channels at a time.
template <class Rounding, window Window, std::size_t Filters, class Constants>
struct depthwise_convolution {
  using scaling = aligned_requantization<Rounding, Constants>;
  static constexpr std::size_t channels = Window.input.channels;
  static constexpr std::size_t multiplier = Filters / channels; ///< filters of one channel
  static constexpr std::size_t taps = Window.kernel_height * Window.kernel_width;
  static constexpr std::size_t pixels = std::min<std::size_t>(Window.output_width, 2);

  /// Words of a filter's weights, two in each, in pairs of words, and all of a filter: bias,
  /// weights, multiplier, offset.
  static constexpr std::size_t weight_words = (taps + 1) / 2;
  static constexpr std::size_t filter_words = (3 + weight_words + 1) / 2 * 2;

  static constexpr std::array<std::uint32_t, Filters * filter_words> make_table() {
    std::array<std::uint32_t, Filters * filter_words> result{};
    std::uint32_t* to = result.data();
    for (std::size_t f = 0; f < Filters; ++f, to += filter_words) {
      const std::int8_t* weights = Constants::value.weights.data() + f * taps;
      to[0] = static_cast<std::uint32_t>(scaling::at(f).multiplier);
      to[1] = static_cast<std::uint32_t>(scaling::offset(f));
      to[2] = static_cast<std::uint32_t>(scaling::folded_bias(f)) << scaling::scale(f);
      for (std::size_t i = 0; i < taps; ++i) {
        to[3 + i / 2] |= lanes(weights[i] * (1 << scaling::scale(f)), 0) << (i % 2 * 16);
      }
    }
    return result;
  }
  static constexpr std::array<std::uint32_t, Filters* filter_words> table = make_table();

  [[gnu::noinline]] static constexpr void forward(std::size_t rows, const std::int8_t* x,
                                                  std::int8_t* y) {
    for (std::size_t image = 0; image < rows; ++image) {
      for (std::size_t row = 0; row < Window.output_height; ++row) {
        if constexpr (Window.is_padded()) {
          padded_row(x, row, y);
        } else {
          const std::int8_t* line = x + row * Window.stride * Window.input.width * channels;
          add_channels<channels, Window.input.width, channels>(table.data(), line, y);
        }
        y += Window.output_width * Filters;
      }
      x += Window.input.size();
    }
  }

private:
  /// How many channels are copied at once: a word, if they can be divided so.
  static constexpr std::size_t copied = channels % 4 == 0 ? 4 : channels % 2 == 0 ? 2 : 1;
  static constexpr std::size_t strip_width =
      std::max(Window.covered_width(), Window.pad_left + Window.input.width);

  /// The outputs of row `row`.
  static constexpr void padded_row(const std::int8_t* x, std::size_t row, std::int8_t* y) {
    const window::overlap lines = Window.rows_at(row);
    x += lines.start * Window.input.width * channels;
    std::int8_t strip[Window.kernel_height * strip_width * copied];
    const std::uint32_t* from = table.data();
    for (std::size_t channel = 0; channel < channels; channel += copied) {
      copy_strip(x + channel, lines, strip);
      from = add_channels<copied, strip_width, copied>(from, strip, y);
      y += copied * multiplier;
    }
  }

  /// The lines of the image that are under the kernel, of `copied` channels from `x` on, with what
  /// is beyond the image.
  static constexpr void copy_strip(const std::int8_t* x, const window::overlap& lines,
                                   std::int8_t* to) {
    constexpr auto zero_point = static_cast<std::uint32_t>(
        static_cast<std::uint8_t>(scaling::constants::input_zero_point) * 0x01010101u);
    const auto fill = [&](std::size_t columns) __attribute__((always_inline)) {
      for (; columns > 0; --columns, to += copied) {
        store_bytes<copied>(zero_point, to);
      }
    };
    for (std::size_t line = 0; line < Window.kernel_height; ++line) {
      if (line < lines.first || line >= lines.last) {
        fill(strip_width);
        continue;
      }
      fill(Window.pad_left);
      for (std::size_t column = 0; column < Window.input.width; ++column) {
        store_bytes<copied>(load_bytes<copied>(x + column * channels), to);
        to += copied;
      }
      if (line + 1 < lines.last) {
        x += Window.input.width * channels;
      }
      fill(strip_width - Window.pad_left - Window.input.width);
    }
  }

  /// A row of outputs of Count channels whose inputs begin at `x`, Distance apart in lines of
  /// Width.
  template <std::size_t Count, std::size_t Width, std::size_t Distance>
  [[gnu::noinline]] static constexpr const std::uint32_t*
  add_channels(const std::uint32_t* from, const std::int8_t* x, std::int8_t* y) {
    for (std::size_t channel = 0; channel < Count; ++channel, ++x) {
      for (std::size_t m = 0; m < multiplier; ++m, ++y, from += filter_words) {
        add_filter<Width, Distance>(from, x, y);
      }
    }
    return from;
  }

  template <std::size_t Width, std::size_t Distance>
  [[gnu::always_inline]] static constexpr void add_filter(const std::uint32_t* from,
                                                          const std::int8_t* x, std::int8_t* y) {
    const auto factor = static_cast<std::int32_t>(from[0]);
    const auto offset = static_cast<std::int32_t>(from[1]);
    const auto bias = static_cast<std::int32_t>(from[2]);
    std::uint32_t weights[weight_words]{};
    unrolled<weight_words>([&](auto i)
                               __attribute__((always_inline)) { weights[i] = from[3 + i]; });
    const auto add = [&]() __attribute__((always_inline)) {
      const std::int8_t* at = x;
      std::int32_t sums[pixels]{};
      std::fill_n(sums, pixels, bias);
      unrolled<taps>([&](auto tap) __attribute__((always_inline)) {
        constexpr std::size_t line = tap / Window.kernel_width;
        constexpr std::size_t column = tap % Window.kernel_width;
        unrolled<pixels>([&](auto p) __attribute__((always_inline)) {
          const std::int32_t input = at[(line * Width + column + p * Window.stride) * Distance];
          sums[p] = tap % 2 == 0 ? add_lower(input, weights[tap / 2], sums[p])
                                 : add_upper(input, weights[tap / 2], sums[p]);
        });
        if constexpr (column + 1 == Window.kernel_width) {
          unrolled<pixels>([&](auto p) __attribute__((always_inline)) { in_order(at, sums[p]); });
        }
      });
      unrolled<pixels>([&](auto p) __attribute__((always_inline)) {
        y[p * Filters] = scaling::template code<isa::arm_dsp>(sums[p], factor, offset);
      });
    };
    constexpr std::size_t count = (Window.output_width + pixels - 1) / pixels;
    for (std::size_t left = count;; --left) {
      add();
      if (left == 1) {
        return;
      }
      // Where the width is odd, the last two overlap.
      const std::size_t step = left == 2 ? Window.output_width - (count - 1) * pixels : pixels;
      x += step * Window.stride * Distance;
      y += step * Filters;
    }
  }
};

} // namespace mote::kernels::arm_dsp
