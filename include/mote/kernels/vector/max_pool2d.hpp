// Max pooling in registers: the channels of one output side by side.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/max_pool2d.hpp>
#include <mote/kernels/vector/lanes.hpp>
#include <mote/kernels/vector/vector.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <type_traits>

namespace mote::kernels {

template <std::size_t Bytes>
struct max_pool2d<isa::simd<Bytes>> {
private:
  using meaning = max_pool2d<isa::generic>;

  /// Whether the windows of a row of outputs lie side by side.
  template <window Window>
  static constexpr bool tiles =
      Window.stride == Window.kernel_width&& Window.stride == Window.kernel_height;

  /// `Count` channels of one window, in a register that is no wider than it needs to be.
  template <window Window, class T, std::size_t Count>
  struct block {
    static constexpr std::size_t lanes = std::min(Bytes / sizeof(T), std::bit_ceil(Count));
    using values = vector<T, lanes>;

    /// Calls f(offset in the image) for the elements of a window, in order.
    template <class F>
    [[gnu::always_inline]] static inline void for_each_element(F&& f) {
      for (std::size_t i = 0; i < Window.kernel_height; ++i) {
        for (std::size_t j = 0; j < Window.kernel_width; ++j) {
          f((i * Window.input.width + j) * Window.input.channels);
        }
      }
    }

    /// `Read` elements are read, the others are zero.
    template <std::size_t Read>
    [[gnu::always_inline]] static inline values largest(const T* x) {
      values result = load_part<T, lanes, Read>(x);
      for_each_element([&](std::size_t at) __attribute__((always_inline)) {
        const values element = load_part<T, lanes, Read>(x + at);
        result = element > result ? element : result;
      });
      return result;
    }

    /// Gives each slope to the first of the largest elements.
    template <std::size_t Whole>
    [[gnu::always_inline]] static inline void give(const T* x, const T* dy, T* dx) {
      const values most = largest<Whole>(x);
      values slopes = load_part<T, lanes, Whole>(dy); // until an element has taken them
      for_each_element([&](std::size_t at) __attribute__((always_inline)) {
        const auto takes = load_part<T, lanes, Whole>(x + at) == most;
        const values taken = takes ? slopes : values{};
        slopes = takes ? values{} : slopes;
        if constexpr (tiles<Window>) {
          store_part<lanes, Whole>(dx + at, taken);
        } else {
          add_part<lanes, Whole>(dx + at, taken);
        }
      });
    }
  };

  /// f(block, integral_constant of the elements it may read and write, offset of the first in the
  /// input, in the output). Beyond its own channels a block reads and writes those of the windows
  /// after it, which come later; where there are none, it does not.
  template <window Window, bool Spills, class T, class F>
  [[gnu::always_inline]] static inline void for_each_block(std::size_t rows, F&& f) {
    constexpr std::size_t channels = Window.input.channels;
    constexpr std::size_t most = Bytes / sizeof(T);
    constexpr std::size_t left_over = channels % most;
    const auto at_column = [&](auto spills, std::size_t from, std::size_t to)
        __attribute__((always_inline)) {
      for (std::size_t c = 0; c + most <= channels; c += most) {
        f(block<Window, T, most>{}, std::integral_constant<std::size_t, most>{}, from + c, to + c);
      }
      if constexpr (left_over > 0) {
        using last = block<Window, T, left_over>;
        constexpr bool alone = left_over == channels; // else the spill hits what came before
        constexpr std::size_t whole = spills && alone ? last::lanes : left_over;
        f(last{}, std::integral_constant<std::size_t, whole>{}, from + channels - left_over,
          to + channels - left_over);
      }
    };
    for (std::size_t row = 0; row < rows * Window.output_height; ++row) {
      std::size_t from = (row / Window.output_height * Window.input.height +
                          row % Window.output_height * Window.stride) *
                         Window.input.width * channels;
      std::size_t to = row * Window.output_width * channels;
      for (std::size_t column = 0; column + 1 < Window.output_width; ++column) {
        at_column(std::bool_constant<Spills>{}, from, to);
        from += Window.stride * channels;
        to += channels;
      }
      at_column(std::false_type{}, from, to);
    }
  }

public:
  template <window Window, class T>
  static constexpr void forward(std::size_t rows, const T* x, T* y) {
    if (std::is_constant_evaluated() || Window.is_padded()) {
      return meaning::template forward<Window>(rows, x, y);
    }
    for_each_block<Window, true, T>(
        rows, [&](auto some, auto whole, std::size_t from, std::size_t to) {
          store_part<some.lanes, whole>(y + to, some.template largest<whole>(x + from));
        });
  }

  template <window Window, class T>
  static constexpr void input_gradient(std::size_t rows, const T* x, const T* dy, T* dx) {
    if (std::is_constant_evaluated() || Window.is_padded()) {
      return meaning::template input_gradient<Window>(rows, x, dy, dx);
    }
    constexpr bool sees_all = tiles<Window> && Window.covered_height() == Window.input.height &&
                              Window.covered_width() == Window.input.width;
    if constexpr (!sees_all) {
      std::fill_n(dx, rows * Window.input.size(), T{0});
    }
    for_each_block<Window, tiles<Window>, T>(
        rows, [&](auto some, auto whole, std::size_t to, std::size_t from) {
          some.template give<whole>(x + to, dy + from, dx + to);
        });
  }
};

} // namespace mote::kernels
