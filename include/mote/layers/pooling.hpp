#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>
#include <mote/core/window.hpp>

#include <cstddef>
#include <type_traits>

namespace mote {

namespace detail {

/// The loop that all pools share: f(image, position, channel, overlaps) for each output element.
template <window Window, class F>
constexpr void for_each_pool(std::size_t rows, F&& f) {
  std::size_t output = 0;
  for (std::size_t image = 0; image < rows; ++image) {
    const std::size_t origin = image * Window.input.size();
    for (std::size_t row = 0; row < Window.output_height; ++row) {
      const auto vertical = Window.rows_at(row);
      for (std::size_t column = 0; column < Window.output_width; ++column) {
        const auto horizontal = Window.columns_at(column);
        for (std::size_t c = 0; c < Window.input.channels; ++c) {
          f(output++, [&](auto&& visit) {
            for (std::size_t i = 0; i < vertical.last - vertical.first; ++i) {
              const std::size_t line = (vertical.start + i) * Window.input.width + horizontal.start;
              for (std::size_t j = 0; j < horizontal.last - horizontal.first; ++j) {
                visit(origin + (line + j) * Window.input.channels + c);
              }
            }
          });
        }
      }
    }
  }
}

template <std::size_t Size, std::size_t Stride, padding Padding>
struct pool : layer {
  static_assert(Size > 0 && Stride > 0, "mote: a pool's size and stride must be positive");
  using expects = std::conditional_t<Padding == padding::same, needs::image,
                                     needs::image_of_at_least<Size, Size>>;

  static constexpr window window_on(const shape& in) { return {in, Size, Size, Stride, Padding}; }
  static constexpr shape output(const shape& in) {
    return {window_on(in).output_height, window_on(in).output_width, in.channels};
  }
  static constexpr affine output_affine(const affine& in, const range&) { return in; }
};

} // namespace detail

/// The largest of each Size x Size window, channel by channel; padding never wins. On the way back
/// the slope goes to the first of the largest elements.
template <std::size_t Size, std::size_t Stride = Size, padding Padding = padding::valid>
struct max_pool2d : detail::pool<Size, Stride, Padding> {
  static constexpr const char* name = "max_pool2d";
  static constexpr bool backward_reads_input = true;

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    detail::for_each_pool<max_pool2d::window_on(Pass::input_shape)>(
        pass.input.rows, [&](std::size_t output, auto&& window_elements) {
          pass.output.data[output] = pass.input.data[largest(pass.input.data, window_elements)];
        });
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    if constexpr (Pass::wants_input_gradient) {
      using T = typename Pass::value_type;
      for (std::size_t i = 0; i < pass.input.rows * Pass::input_shape.size(); ++i) {
        pass.input_gradient.data[i] = T{0};
      }
      detail::for_each_pool<max_pool2d::window_on(Pass::input_shape)>(
          pass.input.rows, [&](std::size_t output, auto&& window_elements) {
            pass.input_gradient.data[largest(pass.input.data, window_elements)] +=
                pass.output_gradient.data[output];
          });
    }
  }

private:
  template <class T, class Window>
  static constexpr std::size_t largest(const T* x, Window&& window_elements) {
    bool found = false;
    std::size_t best = 0;
    window_elements([&](std::size_t at) {
      best = !found || x[at] > x[best] ? at : best;
      found = true;
    });
    return best;
  }
};

/// The mean of each Size x Size window, channel by channel; of the elements on the image only, as
/// TensorFlow does with padding.
template <std::size_t Size, std::size_t Stride = Size, padding Padding = padding::valid>
struct avg_pool2d : detail::pool<Size, Stride, Padding> {
  static constexpr const char* name = "avg_pool2d";

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    using T = typename Pass::value_type;
    detail::for_each_pool<avg_pool2d::window_on(Pass::input_shape)>(
        pass.input.rows, [&](std::size_t output, auto&& window_elements) {
          T sum{0};
          std::size_t count = 0;
          window_elements([&](std::size_t at) {
            sum += pass.input.data[at];
            ++count;
          });
          pass.output.data[output] = sum / static_cast<T>(count);
        });
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    if constexpr (Pass::wants_input_gradient) {
      using T = typename Pass::value_type;
      for (std::size_t i = 0; i < pass.input.rows * Pass::input_shape.size(); ++i) {
        pass.input_gradient.data[i] = T{0};
      }
      detail::for_each_pool<avg_pool2d::window_on(Pass::input_shape)>(
          pass.input.rows, [&](std::size_t output, auto&& window_elements) {
            std::size_t count = 0;
            window_elements([&](std::size_t) { ++count; });
            const T share = pass.output_gradient.data[output] / static_cast<T>(count);
            window_elements([&](std::size_t at) { pass.input_gradient.data[at] += share; });
          });
    }
  }
};

/// The mean of each channel over the whole image: a vector of `channels`.
struct global_avg_pool : layer {
  static constexpr const char* name = "global_avg_pool";
  using expects = needs::image;

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
