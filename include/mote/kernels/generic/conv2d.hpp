// Convolutions as plain loops: what they mean.
#pragma once

#include <mote/core/window.hpp>

#include <cstddef>
#include <type_traits>

namespace mote::kernels {

/// Images are [height][width][channels], weights [Filters][kernel_height][kernel_width][channels of
/// a group]. Filters and channels are split into `Groups` equal parts that do not see each other.
/// `Window` is a constexpr mote::window. Bias and its gradient may be missing: null.
template <class Isa>
struct conv2d {
  /// y = activation(x * weights + bias): a correlation, as all neural-network libraries have it.
  /// Sums run over kernel rows, columns, channels, then the bias.
  template <class Activation, window Window, std::size_t Filters, std::size_t Groups, class T>
  static constexpr void forward(std::size_t rows, const T* x, const T* weights,
                                std::type_identity_t<const T*> bias, T* y) {
    constexpr std::size_t channels = Window.input.channels / Groups;
    for_each_position<Window>(
        rows, [&](std::size_t image, std::size_t at, auto vertical, auto horizontal) {
          for (std::size_t f = 0; f < Filters; ++f) {
            T sum{0};
            for_each_tap<Window, Filters, Groups>(
                vertical, horizontal, f, [&](std::size_t from, std::size_t weight) {
                  for (std::size_t c = 0; c < channels; ++c) {
                    sum += x[image * Window.input.size() + from + c] * weights[weight + c];
                  }
                });
            y[at * Filters + f] = Activation::apply(bias != nullptr ? sum + bias[f] : sum);
          }
        });
  }

  /// The gradients of weights and bias, summed over all positions of all images.
  template <window Window, std::size_t Filters, std::size_t Groups, class T>
  static constexpr void parameter_gradient(std::size_t rows, const T* x, const T* dy,
                                           T* weight_gradient,
                                           std::type_identity_t<T*> bias_gradient) {
    constexpr std::size_t channels = Window.input.channels / Groups;
    constexpr std::size_t filter_size = Window.kernel_height * Window.kernel_width * channels;
    for (std::size_t i = 0; i < Filters * filter_size; ++i) {
      weight_gradient[i] = T{0};
    }
    for (std::size_t f = 0; bias_gradient != nullptr && f < Filters; ++f) {
      bias_gradient[f] = T{0};
    }
    for_each_position<Window>(rows, [&](std::size_t image, std::size_t at, auto vertical,
                                        auto horizontal) {
      for (std::size_t f = 0; f < Filters; ++f) {
        const T slope = dy[at * Filters + f];
        if (bias_gradient != nullptr) {
          bias_gradient[f] += slope;
        }
        for_each_tap<Window, Filters, Groups>(
            vertical, horizontal, f, [&](std::size_t from, std::size_t weight) {
              for (std::size_t c = 0; c < channels; ++c) {
                weight_gradient[weight + c] += slope * x[image * Window.input.size() + from + c];
              }
            });
      }
    });
  }

  /// The gradient of the input: each output hands its slope back to the inputs it came from.
  template <window Window, std::size_t Filters, std::size_t Groups, class T>
  static constexpr void input_gradient(std::size_t rows, const T* dy, const T* weights, T* dx) {
    constexpr std::size_t channels = Window.input.channels / Groups;
    for (std::size_t i = 0; i < rows * Window.input.size(); ++i) {
      dx[i] = T{0};
    }
    for_each_position<Window>(
        rows, [&](std::size_t image, std::size_t at, auto vertical, auto horizontal) {
          for (std::size_t f = 0; f < Filters; ++f) {
            const T slope = dy[at * Filters + f];
            for_each_tap<Window, Filters, Groups>(
                vertical, horizontal, f, [&](std::size_t from, std::size_t weight) {
                  for (std::size_t c = 0; c < channels; ++c) {
                    dx[image * Window.input.size() + from + c] += slope * weights[weight + c];
                  }
                });
          }
        });
  }

  /// Calls f(offset in the image, offset in the weights) for each kernel element on the image,
  /// where a run of the group's channels starts.
  template <window Window, std::size_t Filters, std::size_t Groups, class F>
  static constexpr void for_each_tap(window::overlap vertical, window::overlap horizontal,
                                     std::size_t filter, F&& f) {
    constexpr std::size_t channels = Window.input.channels / Groups;
    const std::size_t group_start = filter / (Filters / Groups) * channels;
    for (std::size_t ky = vertical.first; ky < vertical.last; ++ky) {
      const std::size_t image_row = vertical.start + ky - vertical.first;
      for (std::size_t kx = horizontal.first; kx < horizontal.last; ++kx) {
        const std::size_t image_column = horizontal.start + kx - horizontal.first;
        f((image_row * Window.input.width + image_column) * Window.input.channels + group_start,
          ((filter * Window.kernel_height + ky) * Window.kernel_width + kx) * channels);
      }
    }
  }

private:
  /// Calls f(image, position counted over all images, rows, columns) with the parts of the kernel
  /// that lie on the image.
  template <window Window, class F>
  static constexpr void for_each_position(std::size_t rows, F&& f) {
    std::size_t at = 0;
    for (std::size_t image = 0; image < rows; ++image) {
      for (std::size_t row = 0; row < Window.output_height; ++row) {
        const auto vertical = Window.rows_at(row);
        for (std::size_t column = 0; column < Window.output_width; ++column) {
          f(image, at++, vertical, Window.columns_at(column));
        }
      }
    }
  }
};

} // namespace mote::kernels
