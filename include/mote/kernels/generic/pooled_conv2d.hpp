// Convolution, max pooling and activation in one, as plain loops: what they mean.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/conv2d.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels {

/// As in conv2d; `Window` is the convolution's, of stride 1 and one group. The pool takes Size x
/// Size of its outputs, side by side; those that are left over at the right and at the bottom take
/// no part. Activation::apply is done on what the pool gives, which for a function that never
/// decreases is the pool of its values. Activation::derivative makes do with y.
///
/// y and dy are [rows][output_height / Size][output_width / Size][Filters], and so is `chosen`: the
/// number, row * Size + column, of the first of the largest outputs in each window.
template <class Isa>
struct pooled_conv2d {
  /// y = activation(max_pool2d(x * weights + bias)).
  template <class Activation, window Window, std::size_t Filters, std::size_t Size, class T>
  static constexpr void forward(std::size_t rows, const T* x, const T* weights,
                                std::type_identity_t<const T*> bias, T* y) {
    for_each_largest<Window, Filters, Size>(
        rows, x, weights, bias,
        [&](std::size_t at, T value, std::size_t) { y[at] = Activation::apply(value); });
  }

  /// The same, and says which outputs it took.
  template <class Activation, window Window, std::size_t Filters, std::size_t Size, class T>
  static constexpr void train_forward(std::size_t rows, const T* x, const T* weights,
                                      std::type_identity_t<const T*> bias, T* y,
                                      std::uint8_t* chosen) {
    static_assert(Size * Size <= 256, "mote: `chosen` is kept in a byte");
    for_each_largest<Window, Filters, Size>(rows, x, weights, bias,
                                            [&](std::size_t at, T value, std::size_t number) {
                                              y[at] = Activation::apply(value);
                                              chosen[at] = static_cast<std::uint8_t>(number);
                                            });
  }

  /// The gradients of weights and bias, summed over all positions of all images.
  template <class Activation, window Window, std::size_t Filters, std::size_t Size, class T>
  static constexpr void parameter_gradient(std::size_t rows, const T* x, const T* y, const T* dy,
                                           const std::uint8_t* chosen, T* weight_gradient,
                                           std::type_identity_t<T*> bias_gradient) {
    constexpr std::size_t channels = Window.input.channels;
    std::fill_n(weight_gradient, Filters * Window.kernel_height * Window.kernel_width * channels,
                T{0});
    if (bias_gradient != nullptr) {
      std::fill_n(bias_gradient, Filters, T{0});
    }
    for_each_chosen<Window, Filters, Size>(
        rows, chosen, [&](std::size_t at, std::size_t filter, auto&& taps) {
          const T slope = dy[at] * Activation::derivative(y[at], y[at]);
          if (bias_gradient != nullptr) {
            bias_gradient[filter] += slope;
          }
          taps([&](std::size_t from, std::size_t weight) {
            for (std::size_t c = 0; c < channels; ++c) {
              weight_gradient[weight + c] += slope * x[from + c];
            }
          });
        });
  }

  /// The gradient of the input: each chosen output hands its slope back to the inputs it came from.
  template <class Activation, window Window, std::size_t Filters, std::size_t Size, class T>
  static constexpr void input_gradient(std::size_t rows, const T* y, const T* dy,
                                       const std::uint8_t* chosen, const T* weights, T* dx) {
    std::fill_n(dx, rows * Window.input.size(), T{0});
    for_each_chosen<Window, Filters, Size>(
        rows, chosen, [&](std::size_t at, std::size_t, auto&& taps) {
          const T slope = dy[at] * Activation::derivative(y[at], y[at]);
          taps([&](std::size_t to, std::size_t weight) {
            for (std::size_t c = 0; c < Window.input.channels; ++c) {
              dx[to + c] += slope * weights[weight + c];
            }
          });
        });
  }

private:
  /// Calls f(offset in y, filter, taps_of) for every output of the pool. taps_of(number, g) calls
  /// g(offset in all images, offset in the weights) for the kernel elements of the convolution's
  /// output with that number in the window, see conv2d::for_each_tap.
  template <window Window, std::size_t Filters, std::size_t Size, class F>
  static constexpr void for_each_output(std::size_t rows, F&& f) {
    static_assert(Window.stride == 1, "mote: the pooled convolution has stride 1");
    std::size_t at = 0;
    for (std::size_t image = 0; image < rows; ++image) {
      for (std::size_t row = 0; row < Window.output_height / Size; ++row) {
        for (std::size_t column = 0; column < Window.output_width / Size; ++column) {
          for (std::size_t filter = 0; filter < Filters; ++filter) {
            f(at++, filter, [&](std::size_t number, auto&& g) {
              conv2d<isa::generic>::template for_each_tap<Window, Filters, 1>(
                  Window.rows_at(row * Size + number / Size),
                  Window.columns_at(column * Size + number % Size), filter,
                  [&](std::size_t from, std::size_t weight) {
                    g(image * Window.input.size() + from, weight);
                  });
            });
          }
        }
      }
    }
  }

  /// Calls f(offset in y, largest output of the convolution, its number) for every window.
  template <window Window, std::size_t Filters, std::size_t Size, class T, class F>
  static constexpr void for_each_largest(std::size_t rows, const T* x, const T* weights,
                                         const T* bias, F&& f) {
    for_each_output<Window, Filters, Size>(
        rows, [&](std::size_t at, std::size_t filter, auto&& taps_of) {
          T largest{};
          std::size_t chosen = 0;
          for (std::size_t number = 0; number < Size * Size; ++number) {
            T sum{0};
            taps_of(number, [&](std::size_t from, std::size_t weight) {
              for (std::size_t c = 0; c < Window.input.channels; ++c) {
                sum += x[from + c] * weights[weight + c];
              }
            });
            const T value = bias != nullptr ? sum + bias[filter] : sum;
            if (number == 0 || value > largest) {
              largest = value;
              chosen = number;
            }
          }
          f(at, largest, chosen);
        });
  }

  /// Calls f(offset in y, filter, taps) for every output of the pool: taps(g) is taps_of(g) for the
  /// chosen output of the convolution.
  template <window Window, std::size_t Filters, std::size_t Size, class F>
  static constexpr void for_each_chosen(std::size_t rows, const std::uint8_t* chosen, F&& f) {
    for_each_output<Window, Filters, Size>(
        rows, [&](std::size_t at, std::size_t filter, auto&& taps_of) {
          f(at, filter, [&](auto&& g) { taps_of(chosen[at], g); });
        });
  }
};

} // namespace mote::kernels
