#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/max_pool2d.hpp>
#include <mote/kernels/vector/max_pool2d.hpp>
#include <mote/layers/int8_pooling.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace mote {

namespace detail {

template <std::size_t Size, std::size_t Stride, padding Padding>
struct pool : layer {
  static_assert(Size > 0 && Stride > 0, "mote: a pool's size and stride must be positive");
  using expects = window_needs<Size, Padding>;

  static constexpr window window_on(const shape& in) { return {in, Size, Size, Stride, Padding}; }
  static constexpr shape output(const shape& in) {
    return {window_on(in).output_height, window_on(in).output_width, in.channels};
  }
  static constexpr bool keeps_mapping = true; // also in int8
};

} // namespace detail

/// The largest of each Size x Size window, channel by channel; padding never wins. On the way back
/// the slope goes to the first of the largest elements.
template <std::size_t Size, std::size_t Stride = Size, padding Padding = padding::valid>
struct max_pool2d : detail::pool<Size, Stride, Padding> {
  static constexpr const char* name = "max_pool2d";
  static constexpr bool backward_reads_input = true;

  template <class Rounding>
  using quantized = max_pool2d;

  static constexpr std::size_t size = Size;
  /// Whether each element is in one window, so that a layer before it may do its work.
  static constexpr bool fuses_into_int8 = Stride == Size && Padding == padding::valid;
  /// The same in floating point, of the size for which there is a fast kernel.
  static constexpr bool fuses_into_conv2d = fuses_into_int8 && Size == 2;

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    kernels::max_pool2d<typename Pass::isa>::template forward<max_pool2d::window_on(
        Pass::input_shape)>(pass.input.rows, pass.input.data, pass.output.data);
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    if constexpr (Pass::wants_input_gradient) {
      kernels::max_pool2d<typename Pass::isa>::template input_gradient<max_pool2d::window_on(
          Pass::input_shape)>(pass.input.rows, pass.input.data, pass.output_gradient.data,
                              pass.input_gradient.data);
    }
  }
};

/// The mean of each Size x Size window, channel by channel; of the elements on the image only, as
/// TensorFlow does with padding.
template <std::size_t Size, std::size_t Stride = Size, padding Padding = padding::valid>
struct avg_pool2d : detail::pool<Size, Stride, Padding> {
  static constexpr const char* name = "avg_pool2d";

  template <class Rounding>
  using quantized = int8_avg_pool<avg_pool2d>;

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    using T = typename Pass::value_type;
    for_each_window<avg_pool2d::window_on(Pass::input_shape)>(
        pass.input.rows, [&](std::size_t output, auto&& elements) {
          for (std::size_t c = 0; c < Pass::input_shape.channels; ++c) {
            T sum{0};
            std::size_t count = 0;
            elements([&](std::size_t, std::size_t at) {
              sum += pass.input.data[at + c];
              ++count;
            });
            pass.output.data[output + c] = sum / static_cast<T>(count);
          }
        });
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    if constexpr (Pass::wants_input_gradient) {
      using T = typename Pass::value_type;
      std::fill_n(pass.input_gradient.data, pass.input.rows * Pass::input_shape.size(), T{0});
      for_each_window<avg_pool2d::window_on(Pass::input_shape)>(
          pass.input.rows, [&](std::size_t output, auto&& elements) {
            std::size_t count = 0;
            elements([&](std::size_t, std::size_t) { ++count; });
            for (std::size_t c = 0; c < Pass::input_shape.channels; ++c) {
              const T share = pass.output_gradient.data[output + c] / static_cast<T>(count);
              elements(
                  [&](std::size_t, std::size_t at) { pass.input_gradient.data[at + c] += share; });
            }
          });
    }
  }
};

/// The mean of each channel over the whole image: a vector of `channels`.
struct global_avg_pool : layer {
  static constexpr const char* name = "global_avg_pool";
  using expects = needs::image;

  template <class Rounding>
  using quantized = int8_avg_pool<global_avg_pool>;

  static constexpr window window_on(const shape& in) {
    return {in, in.height, in.width, 1, padding::valid};
  }
  static constexpr shape output(const shape& in) { return shape{in.channels}; }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    using T = typename Pass::value_type;
    constexpr shape in = Pass::input_shape;
    constexpr std::size_t pixels = in.height * in.width;
    for (std::size_t image = 0; image < pass.input.rows; ++image) {
      for (std::size_t c = 0; c < in.channels; ++c) {
        T sum{0};
        for (std::size_t i = 0; i < pixels; ++i) {
          sum += pass.input[image][i * in.channels + c];
        }
        pass.output[image][c] = sum / static_cast<T>(pixels);
      }
    }
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    if constexpr (Pass::wants_input_gradient) {
      using T = typename Pass::value_type;
      constexpr shape in = Pass::input_shape;
      constexpr std::size_t pixels = in.height * in.width;
      for (std::size_t image = 0; image < pass.input.rows; ++image) {
        for (std::size_t i = 0; i < in.size(); ++i) {
          pass.input_gradient[image][i] =
              pass.output_gradient[image][i % in.channels] / static_cast<T>(pixels);
        }
      }
    }
  }
};

} // namespace mote
