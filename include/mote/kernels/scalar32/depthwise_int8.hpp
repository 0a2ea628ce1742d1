// The quantized convolution of each channel with filters of its own, of
// constant weights.
#pragma once

#include <mote/core/window.hpp>
#include <mote/kernels/scalar32/lanes.hpp>
#include <mote/kernels/scalar32/requantize.hpp>
#include <mote/kernels/unrolled.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace mote::kernels::scalar32 {

/// Goes over the whole image for one filter after the other, whose weights and
/// factors then are loaded once.
template <class Rounding, window Window, std::size_t Filters, class Constants>
struct depthwise_convolution {
  static constexpr std::size_t channels = Window.input.channels;
  static constexpr std::size_t line = Window.input.width * channels;
  static constexpr std::size_t taps = Window.kernel_height * Window.kernel_width;
  static constexpr std::int32_t zero_point = Constants::value.input_zero_point[0];
  using codes_type = codes<Rounding, Constants>;

  struct filter {
    typename codes_type::channel_type channel;
    std::int8_t weights[taps];
  };

  static constexpr bool fits = codes_type::numbers::fits && taps <= 32;

  static constexpr auto filters = [] {
    std::array<filter, Filters> result{};
    for (std::size_t f = 0; f < Filters; ++f) {
      result[f].channel = codes_type::at(f);
      for (std::size_t t = 0; t < taps; ++t) {
        result[f].weights[t] = Constants::value.weights[f * taps + t];
      }
    }
    return result;
  }();

  static constexpr std::size_t flash_bytes = sizeof filters;

  static constexpr void forward(const std::int8_t* x, std::int8_t* y) {
    const filter* f = opaque(filters.data());
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t m = 0; m < Filters / channels; ++m) {
        convolve(x + c, *f++, y++);
      }
    }
  }

private:
  static constexpr void convolve(const std::int8_t* x, const filter& f, std::int8_t* y) {
    const auto channel = f.channel;
    std::int32_t weights[taps]{};
    std::int32_t total = 0;
    unrolled<taps>([&](auto t) {
      weights[t] = f.weights[t];
      total += weights[t];
    });
    for (std::size_t row = 0; row < Window.output_height; ++row) {
      const std::size_t top = row * Window.stride - Window.pad_top; // may wrap around
      const auto vertical = Window.rows_at(row);
      const std::int8_t* const seen = x + vertical.start * line;
      const auto clipped = [&]<std::size_t Column>(const std::int8_t* at) {
        *y = codes_type::code(clipped_sum<Column>(at, f, vertical) + total * zero_point, channel);
        y += Filters;
      };
      unrolled<first_inside>([&](auto column) { clipped.template operator()<column>(seen); });
      if (top <= Window.input.height - Window.kernel_height) {
        const std::int8_t* at = seen + first_start;
        for (std::size_t column = first_inside; column < last_inside; ++column) {
          std::int32_t sum = 0;
          unrolled<taps>([&](auto t) __attribute__((always_inline)) {
            sum += at[t / Window.kernel_width * line + t % Window.kernel_width * channels] *
                   weights[t];
          });
          *y = codes_type::code(sum, channel);
          y += Filters;
          at += Window.stride * channels;
        }
      } else {
        const std::int8_t* at = seen;
        for (std::size_t column = first_inside; column < last_inside; ++column) {
          clipped.template operator()<first_inside>(at);
          at += Window.stride * channels;
        }
      }
      unrolled<Window.output_width - last_inside>(
          [&](auto i) { clipped.template operator()<last_inside + i>(seen); });
    }
  }

  /// The columns whose windows lie on the image: [first_inside, last_inside).
  static constexpr std::size_t first_inside = (Window.pad_left + Window.stride - 1) / Window.stride;
  static constexpr std::size_t last_inside =
      (Window.input.width + Window.pad_left - Window.kernel_width) / Window.stride + 1;
  static constexpr std::size_t first_start =
      (first_inside * Window.stride - Window.pad_left) * channels;

  /// Of what the window at output column `Column` sees, less the zero point.
  template <std::size_t Column>
  [[gnu::always_inline]] static constexpr std::int32_t
  clipped_sum(const std::int8_t* at, const filter& f, const window::overlap& vertical) {
    constexpr auto horizontal = Window.columns_at(Column);
    const std::int8_t* w = f.weights + vertical.first * Window.kernel_width + horizontal.first;
    std::int32_t sum = 0;
    at += horizontal.start * channels;
    for (std::size_t i = vertical.first; i < vertical.last; ++i) {
      unrolled<horizontal.last - horizontal.first>([&](auto j) __attribute__((always_inline)) {
        sum += (at[j * channels] - zero_point) * w[j];
      });
      at += line;
      w += Window.kernel_width;
    }
    return sum;
  }
};

} // namespace mote::kernels::scalar32
