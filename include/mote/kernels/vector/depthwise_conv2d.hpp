// Convolutions of each channel on its own, with the channels side by side in registers.
#pragma once

#include <mote/core/window.hpp>
#include <mote/kernels/vector/vector.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace mote::kernels {

/// conv2d with as many groups and filters as channels, in registers of `Bytes` bytes and, for the
/// channels left over, of half of that, a quarter, ...
template <std::size_t Bytes, window Window, class T>
struct depthwise_conv2d {
private:
  static constexpr std::size_t channels = Window.input.channels;
  static constexpr std::size_t taps = Window.kernel_height * Window.kernel_width;

  /// Calls f(first channel, integral_constant of how many) for powers of two that cover all.
  template <std::size_t Lanes = Bytes / sizeof(T), class F>
  static void for_each_block(F&& f, std::size_t first = 0) {
    if constexpr (Lanes <= channels) {
      for (; first + Lanes <= channels; first += Lanes) {
        f(first, std::integral_constant<std::size_t, Lanes>{});
      }
    }
    if constexpr (channels % Lanes != 0) {
      for_each_block<Lanes / 2>(f, first);
    }
  }

  /// The weights of a block of channels by taps.
  template <std::size_t Lanes>
  struct packed_weights {
    vector<T, Lanes> of_tap[taps];

    packed_weights(const T* weights, std::size_t first) {
      for (std::size_t tap = 0; tap < taps; ++tap) {
        T values[Lanes];
        for (std::size_t c = 0; c < Lanes; ++c) {
          values[c] = weights[(first + c) * taps + tap];
        }
        of_tap[tap] = load<T, Lanes>(values);
      }
    }
  };

public:
  template <class Activation>
  static void forward(std::size_t rows, const T* x, const T* weights, const T* bias, T* y) {
    for_each_block([&](std::size_t first, auto lanes) {
      const packed_weights<lanes> packed(weights, first);
      const vector<T, lanes> start =
          bias != nullptr ? load<T, lanes>(bias + first) : vector<T, lanes>{};
      for_each_window<Window>(rows, [&](std::size_t output, auto&& taps_at) {
        vector<T, lanes> sum = start;
        taps_at([&](std::size_t tap, std::size_t from) {
          sum += packed.of_tap[tap] * load<T, lanes>(x + from + first);
        });
        for (std::size_t c = 0; c < lanes; ++c) {
          sum[c] = Activation::apply(sum[c]);
        }
        store<T, lanes>(y + output + first, sum);
      });
    });
  }

  static void parameter_gradient(std::size_t rows, const T* x, const T* dy, T* weight_gradient,
                                 T* bias_gradient) {
    for_each_block([&](std::size_t first, auto lanes) {
      vector<T, lanes> sums[taps]{};
      vector<T, lanes> bias_sum{};
      for_each_window<Window>(rows, [&](std::size_t output, auto&& taps_at) {
        const vector<T, lanes> slope = load<T, lanes>(dy + output + first);
        bias_sum += slope;
        taps_at([&](std::size_t tap, std::size_t from) {
          sums[tap] += slope * load<T, lanes>(x + from + first);
        });
      });
      for (std::size_t c = 0; c < lanes; ++c) {
        for (std::size_t tap = 0; tap < taps; ++tap) {
          weight_gradient[(first + c) * taps + tap] = sums[tap][c];
        }
      }
      if (bias_gradient != nullptr) {
        store<T, lanes>(bias_gradient + first, bias_sum);
      }
    });
  }

  static void input_gradient(std::size_t rows, const T* dy, const T* weights, T* dx) {
    std::fill_n(dx, rows * Window.input.size(), T{0});
    for_each_block([&](std::size_t first, auto lanes) {
      const packed_weights<lanes> packed(weights, first);
      for_each_window<Window>(rows, [&](std::size_t output, auto&& taps_at) {
        const vector<T, lanes> slope = load<T, lanes>(dy + output + first);
        taps_at([&](std::size_t tap, std::size_t to) {
          T* element = dx + to + first;
          store<T, lanes>(element, load<T, lanes>(element) + slope * packed.of_tap[tap]);
        });
      });
    });
  }
};

} // namespace mote::kernels
