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
      if constexpr (Pool == 1) {
        // The last windows of a row of an odd length are done twice.
        constexpr std::size_t last = Window.output_width - inputs;
        for (std::size_t column = 0;; column += inputs) {
          column = Window.output_width % inputs == 0 ? column : std::min(column, last);
          convolve(x, row, column, y + column * Filters);
          if (column == last) {
            break;
          }
        }
        y += Window.output_width * Filters;
      } else {
        for (std::size_t column = 0; column + Pool <= Window.output_width; column += Pool) {
          packed::for_all(
              y, [ x, row, column ]<std::size_t Count>(const std::uint32_t*& w,
                                                       std::int32_t(&sums)[1][Count])
                     __attribute__((always_inline)) { best_sums(x, row, column, w, sums[0]); });
          y += Filters;
        }
      }
    }
  }

private:
  /// How many windows beside each other share the loads of weights and channels: so many that all
  /// take the fewest instructions, as counted for a block on RISC-V.
  static constexpr std::size_t inputs = [] {
    if (Pool > 1) {
      return !Window.is_padded() && Pool % 2 == 0 ? std::min<std::size_t>(2, most_inputs(3)) : 1;
    }
    const auto cost = [](std::size_t count) {
      const std::size_t passes = (Window.output_width + count - 1) / count;
      return passes * (count * (8 * rows * columns + 44) + 2 * rows * columns + 19);
    };
    std::size_t best = 1;
    for (std::size_t count = 2; count <= most_inputs(packed::block_pairs); ++count) {
      const bool has_room = !Window.is_padded() || count * rows * columns <= most_gathered;
      if (count <= Window.output_width && has_room && cost(count) < cost(best)) {
        best = count;
      }
    }
    return best;
  }();

  /// The codes of `inputs` windows.
  [[gnu::always_inline]] static constexpr void convolve(const std::int8_t* x, std::size_t row,
                                                        std::size_t column, std::int8_t* y) {
    if constexpr (Window.is_padded()) {
      if (!is_inside(row, column) || (inputs > 1 && !is_inside(row, column + inputs - 1))) {
        std::int8_t gathered[inputs][rows * columns]{};
        for (std::size_t p = 0; p < inputs; ++p) {
          gather(x, row, column + p, gathered[p]);
        }
        packed::template for_all<inputs>(
            y, [&gathered]<std::size_t Count>(const std::uint32_t*& w,
                                              std::int32_t(&sums)[inputs][Count])
                   __attribute__((always_inline)) {
                     set_sums<columns, rows * columns>(gathered[0], w, sums);
                   });
        return;
      }
    }
    packed::template for_all<inputs>(
        y, [ x, row, column ]<std::size_t Count>(const std::uint32_t*& w,
                                                 std::int32_t(&sums)[inputs][Count])
               __attribute__((always_inline)) { set_sums(x, row, column, w, sums); });
  }

  /// Below any sum of at most 65536 products, and the distance to it fits 32
  /// bits.
  static constexpr std::int32_t lowest_sum = -(1 << 30);

  /// The largest of each sum in a pool; the least, if they are negative ones.
  template <std::size_t Count>
  [[gnu::always_inline]] static constexpr void
  best_sums(const std::int8_t* x, std::size_t row, std::size_t column, const std::uint32_t*& w,
            std::int32_t (&sums)[Count]) {
    constexpr std::int32_t sign = packed::sign;
    unrolled<Count>([&](auto u) { sums[u] = sign * lowest_sum; });
    const std::uint32_t* const first = w;
    for (std::size_t end = opaque(row + Pool); row != end; ++row) {
      for (std::size_t i = 0; i != opaque(Pool); i += inputs) {
        std::int32_t others[inputs][Count];
        w = opaque(first);
        set_sums(x, row, column + i, w, others);
        unrolled<inputs>([&](auto p) {
          unrolled<Count>(
              [&](auto u) { sums[u] = max_without_branch<sign>(sums[u], others[p][u]); });
        });
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
        set_sums<columns, 0>(gathered, w, sums);
        return;
      }
    }
    set_sums<line, Window.stride * channels>(x + top * line + left * channels, w, sums);
  }

  /// The lines of a window are `Stride` apart, the windows `Next`.
  template <std::size_t Stride, std::size_t Next, std::size_t Inputs, std::size_t Count>
  [[gnu::always_inline]] static constexpr void
  set_sums(const std::int8_t* x, const std::uint32_t*& w, std::int32_t (&sums)[Inputs][Count]) {
    const lane_sums<packed, (Count + 1) / 2, Stride, Inputs, Next> all(x, w);
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
    constexpr auto zero = static_cast<std::int8_t>(Constants::value.input_zero_point[0]);
    // Before the first row or column these wrap around, and are not used.
    const std::size_t top = row * Window.stride - Window.pad_top;
    const std::size_t left = column * Window.stride - Window.pad_left;
    for (std::size_t i = 0; i < rows; ++i) {
      const bool is_on = i >= vertical.first && i < vertical.last;
      const std::size_t count = is_on ? horizontal.last - horizontal.first : 0;
      const std::size_t from = (top + i) * line + left * channels;
      unrolled<Window.kernel_width>([&](auto j) {
        const bool sees_image = j - horizontal.first < count; // wraps around before the first
        for (std::size_t c = 0; c < channels; ++c) {
          *to++ = sees_image ? x[from + j * channels + c] : zero;
        }
      });
    }
  }
};

} // namespace scalar32

namespace scalar32 {

/// The same windows as one row, if they are single elements of the image.
template <std::size_t Pool>
constexpr window in_one_row(const window& of) {
  if (Pool == 1 && of.kernel_height == 1 && of.kernel_width == 1 && of.stride == 1) {
    return {shape{1, of.input.height * of.input.width, of.input.channels}, 1, 1, 1, padding::valid};
  }
  return of;
}

} // namespace scalar32

template <>
struct constant_conv2d_int8<isa::scalar32, fastest> {
  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool, class Constants>
  using kernel =
      std::conditional_t<Groups == 1,
                         scalar32::full_convolution<Rounding, scalar32::in_one_row<Pool>(Window),
                                                    Filters, Pool, Constants>,
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
