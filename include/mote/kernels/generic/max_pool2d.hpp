// Max pooling as plain loops: what it means.
#pragma once

#include <mote/core/window.hpp>

#include <algorithm>
#include <cstddef>

namespace mote::kernels {

/// Images are [height][width][channels]; `Window` is a constexpr mote::window.
template <class Isa>
struct max_pool2d {
  /// y = the largest element of each window, channel by channel; padding takes no part.
  template <window Window, class T>
  static constexpr void forward(std::size_t rows, const T* x, T* y) {
    for_each_window<Window>(rows, [&](std::size_t to, auto&& elements) {
      for (std::size_t c = 0; c < Window.input.channels; ++c) {
        y[to + c] = x[largest(x, c, elements)];
      }
    });
  }

  /// The slope of each output goes to the first of the largest elements.
  template <window Window, class T>
  static constexpr void input_gradient(std::size_t rows, const T* x, const T* dy, T* dx) {
    std::fill_n(dx, rows * Window.input.size(), T{0});
    for_each_window<Window>(rows, [&](std::size_t from, auto&& elements) {
      for (std::size_t c = 0; c < Window.input.channels; ++c) {
        dx[largest(x, c, elements)] += dy[from + c];
      }
    });
  }

private:
  template <class T, class Elements>
  static constexpr std::size_t largest(const T* x, std::size_t channel, Elements&& elements) {
    bool found = false;
    std::size_t best = 0;
    elements([&](std::size_t, std::size_t at) {
      best = !found || x[at + channel] > x[best] ? at + channel : best;
      found = true;
    });
    return best;
  }
};

} // namespace mote::kernels
