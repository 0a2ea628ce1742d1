// Max pooling by planes: the first elements of all windows side by side, their second elements, and
// so on. The compiler vectorizes loops over planes whatever the number of channels.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/max_pool2d.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace mote::kernels {

template <std::size_t Bytes>
struct max_pool2d<isa::simd<Bytes>> {
private:
  using meaning = max_pool2d<isa::generic>;

  /// Some windows of a row of outputs, none clipped.
  template <window Window, class T>
  struct block {
    static constexpr std::size_t channels = Window.input.channels;
    static constexpr std::size_t elements = Window.kernel_height * Window.kernel_width;
    static constexpr std::size_t step = Window.stride * channels;
    static constexpr bool overlap =
        Window.stride < std::max(Window.kernel_height, Window.kernel_width);
    /// Windows at a time: their planes take a quarter of a first-level cache of 32 KB.
    static constexpr std::size_t most = std::clamp<std::size_t>(
        8 * 1024 / (elements * channels * sizeof(T)), 1, Window.output_width);

    T planes[elements][most * channels];
    T largest[most * channels];

    /// Where an element of a window lies in the image, from the first on.
    static constexpr std::size_t offset(std::size_t element) {
      return (element / Window.kernel_width * Window.input.width + element % Window.kernel_width) *
             channels;
    }

    void read(std::size_t count, const T* x) {
      for (std::size_t e = 0; e < elements; ++e) {
        for (std::size_t i = 0; i < count; ++i) {
          std::copy_n(x + offset(e) + i * step, channels, planes[e] + i * channels);
        }
      }
      std::copy_n(planes[0], count * channels, largest);
      for (std::size_t e = 1; e < elements; ++e) {
        for (std::size_t i = 0; i < count * channels; ++i) {
          largest[i] = planes[e][i] > largest[i] ? planes[e][i] : largest[i];
        }
      }
    }

    /// Gives each slope to the first of the largest elements. Requires that `read` saw the same
    /// windows.
    void give(std::size_t count, const T* dy, T* dx) {
      T slopes[most * channels]; // until an element has taken them
      std::copy_n(dy, count * channels, slopes);
      for (std::size_t e = 0; e < elements; ++e) {
        for (std::size_t i = 0; i < count * channels; ++i) {
          const bool takes = planes[e][i] == largest[i];
          planes[e][i] = takes ? slopes[i] : T{0};
          slopes[i] = takes ? T{0} : slopes[i];
        }
        for (std::size_t i = 0; i < count; ++i) {
          const T* from = planes[e] + i * channels;
          T* to = dx + offset(e) + i * step;
          if constexpr (overlap) {
            std::transform(to, to + channels, from, to, [](T a, T b) { return a + b; });
          } else {
            std::copy_n(from, channels, to);
          }
        }
      }
    }
  };

  /// f(block, windows in it, offset of the first in the input, in the output).
  template <window Window, class T, class F>
  static void for_each_block(std::size_t rows, F&& f) {
    block<Window, T> some;
    for (std::size_t row = 0; row < rows * Window.output_height; ++row) {
      const std::size_t line = row / Window.output_height * Window.input.height +
                               row % Window.output_height * Window.stride;
      for (std::size_t column = 0; column < Window.output_width; column += some.most) {
        f(some, std::min(some.most, Window.output_width - column),
          (line * Window.input.width + column * Window.stride) * some.channels,
          (row * Window.output_width + column) * some.channels);
      }
    }
  }

public:
  template <window Window, class T>
  static constexpr void forward(std::size_t rows, const T* x, T* y) {
    if (std::is_constant_evaluated() || Window.is_padded()) {
      return meaning::template forward<Window>(rows, x, y);
    }
    for_each_block<Window, T>(rows,
                              [&](auto& some, std::size_t count, std::size_t from, std::size_t to) {
                                some.read(count, x + from);
                                std::copy_n(some.largest, count * some.channels, y + to);
                              });
  }

  template <window Window, class T>
  static constexpr void input_gradient(std::size_t rows, const T* x, const T* dy, T* dx) {
    if (std::is_constant_evaluated() || Window.is_padded()) {
      return meaning::template input_gradient<Window>(rows, x, dy, dx);
    }
    std::fill_n(dx, rows * Window.input.size(), T{0});
    for_each_block<Window, T>(rows,
                              [&](auto& some, std::size_t count, std::size_t to, std::size_t from) {
                                some.read(count, x + to);
                                some.give(count, dy + from, dx + to);
                              });
  }
};

} // namespace mote::kernels
