// The quantized convolution of each channel with filters of its own, of
// constant weights.
#pragma once

#include <mote/core/window.hpp>
#include <mote/kernels/scalar32/lanes.hpp>
#include <mote/kernels/scalar32/requantize.hpp>
#include <mote/kernels/unrolled.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels::scalar32 {

/// Goes over the whole image for one filter after the other, whose weights and
/// factors then are loaded once.
template <class Rounding, window Window, std::size_t Filters, class Constants>
struct depthwise_convolution {
  static constexpr std::size_t channels = Window.input.channels;
  static constexpr std::size_t line = Window.input.width * channels;
  static constexpr std::size_t height = Window.kernel_height;
  static constexpr std::size_t width = Window.kernel_width;
  static constexpr std::size_t taps = height * width;
  static constexpr std::int32_t zero_point = Constants::value.input_zero_point[0];
  using codes_type = codes<Rounding, Constants>;

  struct filter {
    typename codes_type::channel_type channel;
    std::int8_t weights[taps];
  };
  struct filter_with_bias {
    typename codes_type::channel_type channel;
    std::int32_t bias; // multiplied by the sign and the scale of the weights
    std::int8_t weights[taps];
  };
  using filter_type = std::conditional_t<codes_type::sums_have_bias, filter_with_bias, filter>;

  static constexpr bool fits = codes_type::fits && taps <= 32;

  static constexpr auto filters = [] {
    std::array<filter_type, Filters> result{};
    for (std::size_t f = 0; f < Filters; ++f) {
      result[f].channel = codes_type::at(f);
      if constexpr (codes_type::sums_have_bias) {
        result[f].bias = codes_type::scale * codes_type::sign * codes_type::numbers::at(f).bias;
      }
      for (std::size_t t = 0; t < taps; ++t) {
        result[f].weights[t] =
            static_cast<std::int8_t>(codes_type::sign * Constants::value.weights[f * taps + t]);
      }
    }
    return result;
  }();

  static constexpr std::size_t flash_bytes = sizeof filters;

  static constexpr void forward(const std::int8_t* x, std::int8_t* y) {
    const filter_type* f = opaque(filters.data());
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t m = 0; m < Filters / channels; ++m) {
        convolve(x + c, *f++, y++);
      }
    }
  }

private:
  /// The rows and columns whose windows lie on the image: [first, last).
  struct interval {
    std::size_t first;
    std::size_t last;
  };
  static constexpr interval inside(std::size_t pad, std::size_t kernel, std::size_t extent) {
    return {(pad + Window.stride - 1) / Window.stride, (extent + pad - kernel) / Window.stride + 1};
  }
  static constexpr interval inside_rows = inside(Window.pad_top, height, Window.input.height);
  static constexpr interval inside_columns = inside(Window.pad_left, width, Window.input.width);

  /// How many windows beside each other share the loads of inputs, if there are registers for more
  /// than one. They divide a row evenly.
  static constexpr std::size_t pixels = [] {
    std::size_t count = most_pixels;
    while ((inside_columns.last - inside_columns.first) % count != 0) {
      --count;
    }
    return count;
  }();

  /// What stays the same while the windows go over the image, or a row of it. `start` is what sums
  /// begin with.
  struct state {
    typename codes_type::channel_type channel;
    std::int32_t start;
    std::int32_t weights[taps];
  };

  static constexpr void convolve(const std::int8_t* x, const filter_type& f, std::int8_t* y) {
    state s{f.channel, 0, {}};
    std::size_t row = 0;
    while (row < Window.output_height) {
      const auto vertical = Window.rows_at(row);
      const std::size_t top = std::min(vertical.start, Window.input.height - height);
      load(s, f, vertical, vertical.start - top);
      const bool is_inside = row >= inside_rows.first && row < inside_rows.last;
      const std::size_t end = is_inside ? inside_rows.last : row + 1;
      const std::int8_t* at = x + top * line;
      for (; row < end; ++row) {
        convolve_row(at, s, y);
        at += Window.stride * line;
      }
    }
  }

  /// The weights for `height` rows of the image, of which some lie above or below the window: they
  /// get zeros, and the rows of the window beyond the border see the zero point.
  static constexpr void load(state& s, const filter_type& f, const window::overlap& vertical,
                             std::size_t above) {
    std::int32_t total = 0;
    each<height>([&](auto i) {
      // Wraps around above the window.
      const bool is_on = i - above < vertical.last - vertical.first;
      const std::int8_t* w = f.weights + (is_on ? (vertical.first + i - above) * width : 0);
      each<width>([&](auto j) {
        const std::int32_t weight = is_on ? w[j] * codes_type::scale : 0;
        total += weight;
        s.weights[i * width + j] = weight;
      });
    });
    if constexpr (codes_type::sums_have_bias) {
      s.start = f.bias - total * zero_point;
    } else { // as if all weights were there, which is what the channel's bias is for
      std::int32_t missing = -total;
      for (std::size_t t = 0; t < taps; ++t) {
        missing += f.weights[t];
      }
      s.start = missing * zero_point;
    }
  }

  /// f(0), ..., f(Count - 1), in the least code where no weight stays in a register anyway.
  template <std::size_t Count, class F>
  [[gnu::always_inline]] static constexpr void each(F&& f) {
#if defined(__OPTIMIZE_SIZE__)
    constexpr bool is_loop = native_product == product::narrow;
#else
    constexpr bool is_loop = false;
#endif
    if constexpr (is_loop) {
      for (std::size_t i = 0; i < Count; ++i) {
        f(i);
      }
    } else {
      unrolled<Count>(f);
    }
  }

  [[gnu::always_inline]] static constexpr void convolve_row(const std::int8_t* x, const state& s,
                                                            std::int8_t*& y) {
    unrolled<inside_columns.first>([&](auto column) { clipped<column>(x, s, y); });
    const std::int8_t* at = x + (inside_columns.first * Window.stride - Window.pad_left) * channels;
    for (std::size_t column = inside_columns.first; column < inside_columns.last;
         column += pixels) {
      std::int32_t sums[pixels];
      unrolled<pixels>([&](auto p) { sums[p] = s.start; });
      unrolled<height>([&](auto i) __attribute__((always_inline)) {
        unrolled<width + (pixels - 1) * Window.stride>([&](auto j) __attribute__((always_inline)) {
          stay_in_order();
          const std::int32_t input = at[i * line + j * channels];
          unrolled<pixels>([&](auto p) __attribute__((always_inline)) {
            constexpr std::size_t tap = j - p * Window.stride; // may wrap around
            if constexpr (tap < width) {
              sums[p] = done_here(sums[p] + input * s.weights[i * width + tap]);
            }
          });
        });
      });
      unrolled<pixels>([&](auto p) __attribute__((always_inline)) {
        *y = codes_type::code_of_scaled(sums[p], s.channel);
        y += Filters;
      });
      at += pixels * Window.stride * channels;
    }
    unrolled<Window.output_width - inside_columns.last>(
        [&](auto i) { clipped<inside_columns.last + i>(x, s, y); });
  }

  /// The code of output column `Column`, whose window reaches beyond the image on one side.
  template <std::size_t Column>
  [[gnu::always_inline]] static constexpr void clipped(const std::int8_t* x, const state& s,
                                                       std::int8_t*& y) {
    constexpr auto horizontal = Window.columns_at(Column);
    std::int32_t sum = s.start;
    std::int32_t missing = 0;
    unrolled<taps>([&](auto t) __attribute__((always_inline)) {
      constexpr std::size_t j = t % width;
      if constexpr (j >= horizontal.first && j < horizontal.last) {
        sum += x[t / width * line + (horizontal.start + j - horizontal.first) * channels] *
               s.weights[t];
      } else {
        missing += s.weights[t];
      }
    });
    *y = codes_type::code_of_scaled(sum + missing * zero_point, s.channel);
    y += Filters;
  }
};

} // namespace mote::kernels::scalar32
