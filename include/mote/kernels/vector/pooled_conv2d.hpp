// Convolution, max pooling and activation in one, in registers. Forwards the outputs of a window
// of the pool are registers side by side; on the way back only the chosen one of them takes part.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/pooled_conv2d.hpp>
#include <mote/kernels/vector/blocks.hpp>
#include <mote/kernels/vector/elementwise.hpp>
#include <mote/kernels/vector/lanes.hpp>
#include <mote/kernels/vector/pooled_conv2d_gradients.hpp>
#include <mote/kernels/vector/pooled_planar_conv2d.hpp>
#include <mote/kernels/vector/strip.hpp>
#include <mote/kernels/vector/vector.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels {

template <std::size_t Bytes>
struct pooled_conv2d<isa::simd<Bytes>> {
private:
  using meaning = pooled_conv2d<isa::generic>;

  template <class T, std::size_t Count>
  using packing = register_packing<Bytes, T, Count>;

  static constexpr std::size_t most_sums = block_sums<Bytes>;

  /// Filters whose sums are kept together: two registers, that each input serves both.
  template <class T>
  static constexpr std::size_t filter_block = 2 * Bytes / sizeof(T);

  /// The window without the outputs that the pool does not look at.
  static constexpr window pooled(window on, std::size_t size) {
    on.output_height -= on.output_height % size;
    on.output_width -= on.output_width % size;
    return on;
  }

  /// Columns windows of the pool from `x` on, for Count filters. Not inlined: GCC would run out of
  /// registers for the addresses and fetch the end of the inner loop from a vector register.
  template <class Strip, std::size_t Filters, std::size_t Count, std::size_t Size,
            std::size_t Columns, bool Chooses, class T>
  [[gnu::noinline]] static void forward_block(const T* x, const T* weights, const T* bias, T* y,
                                              std::uint8_t* chosen) {
    using pack = packing<T, Count>;
    constexpr std::size_t lanes = pack::lanes;
    constexpr std::size_t width = Columns * Size;
    vector<T, lanes> sums[Size * width][pack::vectors];
    unrolled<pack::vectors>([&](auto v) {
      const vector<T, lanes> start = load<T, lanes>(bias + v * lanes);
      unrolled<Size * width>([&](auto p) { sums[p][v] = start; });
    });
    for (std::size_t ky = 0; ky < Strip::kernel_height; ++ky) {
      const T* from = x + ky * Strip::line;
      for (std::size_t t = 0; t < Strip::run; ++t) {
        from = opaque_pointer(from);
        vector<T, lanes> w[pack::vectors];
        unrolled<pack::vectors>([&](auto v) { w[v] = load<T, lanes>(weights + v * lanes); });
        unrolled<Size * width>([&](auto p) {
          constexpr std::size_t at = p / width * Strip::row_step + p % width * Strip::step;
          const vector<T, lanes> value = broadcast<T, lanes>(from[at]);
          unrolled<pack::vectors>([&](auto v) { sums[p][v] += value * w[v]; });
        });
        weights += pack::padded;
        ++from;
      }
    }
    unrolled<Columns * pack::vectors>([&](auto i) {
      constexpr std::size_t column = i / pack::vectors;
      constexpr std::size_t v = i % pack::vectors;
      constexpr std::size_t at = column * Filters + v * lanes;
      constexpr std::size_t stored = v + 1 < pack::vectors ? lanes : Count - v * lanes;
      vector<T, lanes> outputs[Size * Size];
      unrolled<Size * Size>([&](auto number) {
        outputs[number] = sums[number / Size * width + column * Size + number % Size][v];
      });
      const auto largest = detail::largest_of<Size * Size, T, lanes>(outputs);
      store_part<lanes, stored>(y + at, largest);
      if constexpr (Chooses) {
        using bytes = vector<std::uint8_t, lanes>;
        store_part<lanes, stored>(
            chosen + at,
            __builtin_convertvector((detail::first_equal<Size * Size, T, lanes>(outputs, largest)),
                                    bytes));
      }
    });
  }

  /// The filters [first, first + Count) on all images.
  template <class Activation, window Window, std::size_t Filters, std::size_t Count,
            std::size_t Size, bool Chooses, class T>
  static void forward_filters(std::size_t rows, std::size_t first, const T* x, const T* weights,
                              const T* bias, T* y, std::uint8_t* chosen) {
    using pack = packing<T, Count>;
    using strip = image_strip<Window, pack::padded, T, Size>;
    constexpr std::size_t pooled_width = strip::output_width / Size;
    constexpr std::size_t block = even_block(
        pooled_width, std::max<std::size_t>(most_sums / (Size * Size * pack::vectors), 1));
    alignas(Bytes) T packed[strip::taps * pack::padded];
    alignas(Bytes) T packed_bias[pack::padded]{};
    pack_filters<Bytes, Count, strip::taps>(weights + first * strip::taps, packed);
    if (bias != nullptr) {
      std::copy_n(bias + first, Count, packed_bias);
    }
    strip::for_each(rows, [&](std::size_t image, std::size_t row, std::size_t height, auto& lines) {
      const T* from = lines.read(x + image * Window.input.size(), row, height);
      const std::size_t at = (image * Window.output_height + row) / Size * pooled_width * Filters;
      for (std::size_t r = 0; r < height; r += Size) {
        in_blocks<pooled_width, block>([&](std::size_t column, auto block_columns) {
          const std::size_t to = at + (r / Size * pooled_width + column) * Filters + first;
          forward_block<strip, Filters, Count, Size, block_columns, Chooses>(
              from + r * strip::row_step + column * Size * strip::step, packed, packed_bias, y + to,
              Chooses ? chosen + to : nullptr);
        });
      }
      if (first + Count == Filters) {
        elementwise<isa::simd<Bytes>>::template forward<Activation>(
            height / Size * pooled_width * Filters, y + at, y + at);
      }
    });
  }

  template <class Activation, window Window, std::size_t Filters, std::size_t Size, bool Chooses,
            class T>
  static void forward_all(std::size_t rows, const T* x, const T* weights, const T* bias, T* y,
                          std::uint8_t* chosen) {
    using planar = pooled_planar_conv2d<Bytes, Window, Filters, T>;
    if constexpr (Size == 2 && planar::pays) {
      planar::template forward<Activation, Chooses>(rows, x, weights, bias, y, chosen);
    } else {
      in_blocks<Filters, filter_block<T>>([&](std::size_t first, auto count) {
        forward_filters<Activation, Window, Filters, count, Size, Chooses>(rows, first, x, weights,
                                                                           bias, y, chosen);
      });
    }
  }

  /// Whether there is a fast way: not for windows that would not fit the registers, nor where a
  /// strip and a block of weights would take more than a megabyte of the stack.
  template <window Window, std::size_t Filters, std::size_t Size, class T>
  static constexpr bool is_fast = [] {
    if constexpr (Window.positions() == 0 || Size * Size > 25) {
      return false;
    } else {
      using strip = image_strip<Window, filter_block<T>, T, Size>;
      constexpr std::uint32_t limit = 1'048'576;
      return strip::taps * filter_block<T> * sizeof(T) + strip::bytes_of(strip::rows) <= limit &&
             pooled_parameter_gradient<Bytes, Window, Filters, Size, T>::bytes <= limit &&
             pooled_input_gradient<Bytes, Window, Filters, Size, T>::bytes <= limit;
    }
  }();

public:
  template <class Activation, window Window, std::size_t Filters, std::size_t Size, class T>
  static constexpr void forward(std::size_t rows, const T* x, const T* weights,
                                std::type_identity_t<const T*> bias, T* y) {
    constexpr window on = pooled(Window, Size);
    if (std::is_constant_evaluated() || !is_fast<on, Filters, Size, T>) {
      return meaning::template forward<Activation, Window, Filters, Size>(rows, x, weights, bias,
                                                                          y);
    }
    if constexpr (is_fast<on, Filters, Size, T>) {
      forward_all<Activation, on, Filters, Size, false>(rows, x, weights, bias, y, nullptr);
    }
  }

  template <class Activation, window Window, std::size_t Filters, std::size_t Size, class T>
  static constexpr void train_forward(std::size_t rows, const T* x, const T* weights,
                                      std::type_identity_t<const T*> bias, T* y,
                                      std::uint8_t* chosen) {
    constexpr window on = pooled(Window, Size);
    if (std::is_constant_evaluated() || !is_fast<on, Filters, Size, T>) {
      return meaning::template train_forward<Activation, Window, Filters, Size>(rows, x, weights,
                                                                                bias, y, chosen);
    }
    if constexpr (is_fast<on, Filters, Size, T>) {
      forward_all<Activation, on, Filters, Size, true>(rows, x, weights, bias, y, chosen);
    }
  }

  template <class Activation, window Window, std::size_t Filters, std::size_t Size, class T>
  static constexpr void parameter_gradient(std::size_t rows, const T* x, const T* y, const T* dy,
                                           const std::uint8_t* chosen, T* weight_gradient,
                                           std::type_identity_t<T*> bias_gradient) {
    constexpr window on = pooled(Window, Size);
    if (std::is_constant_evaluated() || !is_fast<on, Filters, Size, T>) {
      return meaning::template parameter_gradient<Activation, Window, Filters, Size>(
          rows, x, y, dy, chosen, weight_gradient, bias_gradient);
    }
    if constexpr (is_fast<on, Filters, Size, T>) {
      pooled_parameter_gradient<Bytes, on, Filters, Size, T>::template run_on<Activation>(
          rows, x, y, dy, chosen, weight_gradient, bias_gradient);
    }
  }

  template <class Activation, window Window, std::size_t Filters, std::size_t Size, class T>
  static constexpr void input_gradient(std::size_t rows, const T* y, const T* dy,
                                       const std::uint8_t* chosen, const T* weights, T* dx) {
    constexpr window on = pooled(Window, Size);
    if (std::is_constant_evaluated() || !is_fast<on, Filters, Size, T>) {
      return meaning::template input_gradient<Activation, Window, Filters, Size>(
          rows, y, dy, chosen, weights, dx);
    }
    if constexpr (is_fast<on, Filters, Size, T>) {
      pooled_input_gradient<Bytes, on, Filters, Size, T>::template run_on<Activation>(
          rows, y, dy, chosen, weights, dx);
    }
  }
};

} // namespace mote::kernels
