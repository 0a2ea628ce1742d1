#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/mean_int8.hpp>
#include <mote/kernels/unrolled.hpp>

#include <cstddef>
#include <cstdint>

namespace mote {

/// An average pool in int8, exact to AVERAGE_POOL_2D of the TensorFlow Lite specification: the mean
/// of the codes, rounded to nearest with ties away from zero. Input and output have one mapping.
/// `Pool` is the real layer, whose geometry it has.
template <class Pool>
struct int8_avg_pool : layer {
  static constexpr const char* name = Pool::name;
  using value_type = std::int8_t;
  using expects = typename Pool::expects;
  static constexpr bool keeps_mapping = true;

  static constexpr shape output(const shape& in) { return Pool::output(in); }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    constexpr window on = Pool::window_on(Pass::input_shape);
    if constexpr (on.is_padded()) {
      means_of_clipped<on>(pass.input.rows, pass.input.data, pass.output.data);
    } else {
      means<on>(pass.input.rows, pass.input.data, pass.output.data);
    }
  }

private:
  template <window On>
  static constexpr void means(std::size_t rows, const std::int8_t* x, std::int8_t* y) {
    constexpr std::size_t channels = On.input.channels;
    constexpr std::size_t line = On.input.width * channels;
    for (std::size_t image = 0; image < rows; ++image) {
      for (std::size_t row = 0; row < On.output_height; ++row) {
        const std::int8_t* at = x + row * On.stride * line;
        for (std::size_t column = 0; column < On.output_width; ++column) {
          for (std::size_t c = 0; c < channels; ++c) {
            *y++ = static_cast<std::int8_t>(
                kernels::mean_of<On.kernel_height * On.kernel_width>::of(sum<On>(at + c)));
          }
          at += On.stride * channels;
        }
      }
      x += On.input.size();
    }
  }

  /// Of one channel in one window.
  template <window On>
  [[gnu::always_inline]] static constexpr std::int32_t sum(const std::int8_t* x) {
    constexpr std::size_t channels = On.input.channels;
    constexpr std::size_t step = On.kernel_width <= 8 ? On.kernel_width : 1;
    std::int32_t result = 0;
    for (std::size_t i = 0; i < On.kernel_height; ++i) {
      for (std::size_t j = 0; j < On.kernel_width; j += step) {
        kernels::unrolled<step>([&](auto k) { result += x[(j + k) * channels]; });
      }
      x += On.input.width * channels;
    }
    return result;
  }

  template <window On>
  static constexpr void means_of_clipped(std::size_t rows, const std::int8_t* x, std::int8_t* y) {
    for_each_window<On>(rows, [&](std::size_t output, auto&& elements) {
      for (std::size_t c = 0; c < On.input.channels; ++c) {
        std::int32_t sum = 0;
        std::int32_t count = 0;
        elements([&](std::size_t, std::size_t at) {
          sum += x[at + c];
          ++count;
        });
        y[output + c] = static_cast<std::int8_t>(kernels::rounded_mean(sum, count));
      }
    });
  }
};

} // namespace mote
