// The quantized convolution of constant weights, two filters to a
// multiplication.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/policy.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/conv2d_int8.hpp>
#include <mote/kernels/scalar32/depthwise_int8.hpp>
#include <mote/kernels/scalar32/packed_product.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels {

namespace scalar32 {

/// What a window that reaches beyond the image sees is gathered in so many
/// bytes of stack at most.
inline constexpr std::size_t most_gathered = 144;

/// Convolution of all channels; the window's lines are rows of inputs.
template <class Rounding, window Window, std::size_t Filters, std::size_t Pool, class Constants>
struct full_convolution {
  static constexpr std::size_t channels = Window.input.channels;
  static constexpr std::size_t line = Window.input.width * channels;
  static constexpr std::size_t rows = Window.kernel_height;
  static constexpr std::size_t columns = Window.kernel_width * channels;
  using packed = packed_product<Rounding, Constants, Filters, rows, columns>;

  static constexpr bool fits =
      packed::fits && (!Window.is_padded() || rows * columns <= most_gathered);
  static constexpr std::size_t flash_bytes = packed::flash_bytes;

  static constexpr void forward(const std::int8_t* x, std::int8_t* y) {
    for (std::size_t row = 0; row + Pool <= Window.output_height; row += Pool) {
      for (std::size_t column = 0; column + Pool <= Window.output_width; column += Pool) {
        if constexpr (Pool == 1 && Window.is_padded()) {
          if (!is_inside(row, column)) {
            std::int8_t gathered[rows * columns]{};
            gather(x, row, column, gathered);
            packed::for_all(
                y,
                [&gathered]<std::size_t Count>(const std::uint32_t*& w, std::int32_t(&sums)[Count])
                    __attribute__((always_inline)) {
                      std::int32_t only[1][Count];
                      set_sums<columns>(gathered, w, only);
                      unrolled<Count>([&](auto u) { sums[u] = only[0][u]; });
                    });
            y += Filters;
            continue;
          }
        }
        packed::for_all(
            y, [ x, row,
                 column ]<std::size_t Count>(const std::uint32_t*& w, std::int32_t(&sums)[Count])
                   __attribute__((always_inline)) { largest_sums(x, row, column, w, sums); });
        y += Filters;
      }
    }
  }

private:
  /// Below any sum of at most 65536 products, and the distance to it fits 32
  /// bits.
  static constexpr std::int32_t lowest_sum = -(1 << 30);

  template <std::size_t Count>
  [[gnu::always_inline]] static constexpr void
  largest_sums(const std::int8_t* x, std::size_t row, std::size_t column, const std::uint32_t*& w,
               std::int32_t (&sums)[Count]) {
    if constexpr (Pool == 1) {
      std::int32_t only[1][Count];
      set_sums(x, row, column, w, only);
      unrolled<Count>([&](auto u) { sums[u] = only[0][u]; });
    } else {
      unrolled<Count>([&](auto u) { sums[u] = lowest_sum; });
      const std::uint32_t* const first = w;
      constexpr std::size_t inputs =
          !Window.is_padded() && Pool % most_inputs == 0 ? most_inputs : 1;
      for (std::size_t end = opaque(row + Pool); row != end; ++row) {
        for (std::size_t i = 0; i != opaque(Pool); i += inputs) {
          std::int32_t others[inputs][Count];
          w = opaque(first);
          set_sums(x, row, column + i, w, others);
          unrolled<inputs>([&](auto p) {
            unrolled<Count>([&](auto u) { sums[u] = max_without_branch(sums[u], others[p][u]); });
          });
        }
      }
    }
  }

  /// Of `Inputs` windows beside each other.
  template <std::size_t Inputs, std::size_t Count>
  [[gnu::always_inline]] static constexpr void set_sums(const std::int8_t* x, std::size_t row,
                                                        std::size_t column, const std::uint32_t*& w,
                                                        std::int32_t (&sums)[Inputs][Count]) {
    const std::size_t top = row * Window.stride - Window.pad_top;
    const std::size_t left = column * Window.stride - Window.pad_left;
    if constexpr (Pool > 1 && Window.is_padded()) {
      static_assert(Inputs == 1);
      if (!is_inside(row, column)) {
        std::int8_t gathered[rows * columns]{};
        gather(x, row, column, gathered);
        set_sums<columns>(gathered, w, sums);
        return;
      }
    }
    set_sums<line>(x + top * line + left * channels, w, sums);
  }

  template <std::size_t Stride, std::size_t Inputs, std::size_t Count>
  [[gnu::always_inline]] static constexpr void
  set_sums(const std::int8_t* x, const std::uint32_t*& w, std::int32_t (&sums)[Inputs][Count]) {
    constexpr std::size_t next = Window.stride * channels;
    const lane_sums<(Count + 1) / 2, rows, columns, Stride, Inputs, next> all(x, w);
    unrolled<Inputs>(
        [&](auto p) { unrolled<Count>([&](auto i) { sums[p][i] = all.template sum<i>(p); }); });
  }

  static constexpr bool is_inside(std::size_t row, std::size_t column) {
    // Before the first row or column the differences wrap around and are large.
    return row * Window.stride - Window.pad_top <= Window.input.height - rows &&
           column * Window.stride - Window.pad_left <= Window.input.width - Window.kernel_width;
  }

  /// What the window sees; beyond the border the code of zero.
  static constexpr void gather(const std::int8_t* x, std::size_t row, std::size_t column,
                               std::int8_t* to) {
    const auto vertical = Window.rows_at(row);
    const auto horizontal = Window.columns_at(column);
    std::fill_n(to, rows * columns, Constants::value.input_zero_point[0]);
    for (std::size_t i = vertical.first; i < vertical.last; ++i) {
      std::copy_n(x + (vertical.start + i - vertical.first) * line + horizontal.start * channels,
                  (horizontal.last - horizontal.first) * channels,
                  to + i * columns + horizontal.first * channels);
    }
  }
};

} // namespace scalar32

template <>
struct constant_conv2d_int8<isa::scalar32, fastest> {
  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool, class Constants>
  using kernel =
      std::conditional_t<Groups == 1,
                         scalar32::full_convolution<Rounding, Window, Filters, Pool, Constants>,
                         scalar32::depthwise_convolution<Rounding, Window, Filters, Constants>>;

  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool, class Constants>
  static constexpr bool fits = [] {
    constexpr bool is_depthwise = Groups == Window.input.channels && Pool == 1;
    if constexpr ((Groups == 1 || is_depthwise) && Window.input.height >= Window.kernel_height &&
                  Window.input.width >= Window.kernel_width) {
      return kernel<Rounding, Window, Filters, Groups, Pool, Constants>::fits;
    } else {
      return false;
    }
  }();

  /// Of all constants that are kept in place of the layer's parameters.
  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool, class Constants>
  static constexpr std::size_t flash_bytes =
      kernel<Rounding, Window, Filters, Groups, Pool, Constants>::flash_bytes;

  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool, class Constants>
  static constexpr void forward(std::size_t rows, const std::int8_t* x, std::int8_t* y) {
    using convolution = kernel<Rounding, Window, Filters, Groups, Pool, Constants>;
    for (std::size_t image = 0; image < rows; ++image) {
      convolution::forward(x, y);
      x += Window.input.size();
      y += (Window.output_height / Pool) * (Window.output_width / Pool) * Filters;
    }
  }
};

/// The same: a convolution uses each weight at many positions, and has few.
template <>
struct constant_conv2d_int8<isa::scalar32, balanced>
    : constant_conv2d_int8<isa::scalar32, fastest> {};

} // namespace mote::kernels
