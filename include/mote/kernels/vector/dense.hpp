// Dense products in registers: blocks of sums that are loaded once, kept while the inner loop runs,
// and stored once.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/kernels/generic/dense.hpp>
#include <mote/kernels/vector/vector.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace mote::kernels {

template <std::size_t Bytes>
struct dense<isa::simd<Bytes>> {
private:
  using meaning = dense<isa::generic>;
  using machine = isa::simd<Bytes>;

  template <class T>
  static constexpr std::size_t lanes = Bytes / sizeof(T);

  /// Sums side by side: enough to hide the latency of a fused multiply-add (two ports, four
  /// cycles), few enough to leave registers for the operands.
  static constexpr std::size_t block_rows = machine::registers == 32 ? 4 : 3;
  static constexpr std::size_t block_columns = machine::registers == 32 ? 4 : 3;

  /// Element `i` of an array that may be missing.
  template <class T>
  static const T* at(const T* array, std::size_t i) {
    return array != nullptr ? array + i : nullptr;
  }

  /// Rows x Columns dot products of length Length: y[r][c] = activation(x[r] . weights[c] +
  /// bias[c]).
  template <class Activation, std::size_t Rows, std::size_t Columns, std::size_t Length, class T>
  [[gnu::always_inline]] static inline void dot_block(const T* x, const T* weights, const T* bias,
                                                      T* y, std::size_t y_stride) {
    constexpr std::size_t width = lanes<T>;
    constexpr std::size_t tail = Length % width;
    vector<T, width> sums[Rows][Columns]{};
    const auto accumulate = [&]<std::size_t Count>(
        std::size_t i, std::integral_constant<std::size_t, Count>) __attribute__((always_inline)) {
      vector<T, width> w[Columns];
      unrolled<Columns>([&](auto c) { w[c] = load<T, width, Count>(weights + c * Length + i); });
      unrolled<Rows>([&](auto r) {
        const vector<T, width> value = load<T, width, Count>(x + r * Length + i);
        unrolled<Columns>([&](auto c) { sums[r][c] += value * w[c]; });
      });
    };
    for (std::size_t i = 0; i + width <= Length; i += width) {
      accumulate(i, std::integral_constant<std::size_t, width>{});
    }
    if constexpr (tail > 0) {
      accumulate(Length - tail, std::integral_constant<std::size_t, tail>{});
    }
    unrolled<Rows>([&](auto r) {
      unrolled<Columns>([&](auto c) {
        const T sum = sum_of_lanes<T, width>(sums[r][c]);
        y[r * y_stride + c] = Activation::apply(bias != nullptr ? sum + bias[c] : sum);
      });
    });
  }

  template <class Activation, std::size_t Rows, std::size_t Inputs, std::size_t Outputs, class T>
  static void forward_rows(const T* x, const T* weights, const T* bias, T* y) {
    constexpr std::size_t tail = Outputs % block_columns;
    for (std::size_t o = 0; o + block_columns <= Outputs; o += block_columns) {
      dot_block<Activation, Rows, block_columns, Inputs>(x, weights + o * Inputs, at(bias, o),
                                                         y + o, Outputs);
    }
    if constexpr (tail > 0) {
      constexpr std::size_t o = Outputs - tail;
      dot_block<Activation, Rows, tail, Inputs>(x, weights + o * Inputs, at(bias, o), y + o,
                                                Outputs);
    }
  }

  /// c[r][0 ... Width) = sum over k of a(k, r) b[k][0 ... Width), where a(k, r) is
  /// a[k * a_step + r * a_stride]. Width elements take Vectors registers, the last possibly in
  /// part.
  template <std::size_t Rows, std::size_t Width, class T>
  [[gnu::always_inline]] static inline void
  outer_block(std::size_t count, const T* a, std::size_t a_step, std::size_t a_stride, const T* b,
              std::size_t b_stride, T* c, std::size_t c_stride) {
    constexpr std::size_t width = lanes<T>;
    constexpr std::size_t vectors = (Width + width - 1) / width;
    constexpr std::size_t last = Width - (vectors - 1) * width;
    vector<T, width> sums[Rows][vectors]{};
    for (std::size_t k = 0; k < count; ++k) {
      vector<T, width> operand[vectors];
      unrolled<vectors - 1>([&](auto v) { operand[v] = load<T, width>(b + v * width); });
      operand[vectors - 1] = load<T, width, last>(b + (vectors - 1) * width);
      unrolled<Rows>([&](auto r) {
        const vector<T, width> factor = broadcast<T, width>(a[r * a_stride]);
        unrolled<vectors>([&](auto v) { sums[r][v] += factor * operand[v]; });
      });
      a += a_step;
      b += b_stride;
    }
    unrolled<Rows>([&](auto r) {
      T* row = c + r * c_stride;
      unrolled<vectors - 1>([&](auto v) { store<T, width>(row + v * width, sums[r][v]); });
      store<T, width, last>(row + (vectors - 1) * width, sums[r][vectors - 1]);
    });
  }

  /// c = a^T-like product, all `Width` columns for Rows rows of c.
  template <std::size_t Rows, std::size_t Width, class T>
  static void outer_rows(std::size_t count, const T* a, std::size_t a_step, std::size_t a_stride,
                         const T* b, T* c) {
    constexpr std::size_t step = block_columns * lanes<T>;
    constexpr std::size_t tail = Width % step;
    for (std::size_t i = 0; i + step <= Width; i += step) {
      outer_block<Rows, step>(count, a, a_step, a_stride, b + i, Width, c + i, Width);
    }
    if constexpr (tail > 0) {
      constexpr std::size_t i = Width - tail;
      outer_block<Rows, tail>(count, a, a_step, a_stride, b + i, Width, c + i, Width);
    }
  }

  template <std::size_t Outputs, class T>
  static void column_sums(std::size_t rows, const T* dy, T* sums) {
    std::fill_n(sums, Outputs, T{0});
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t o = 0; o < Outputs; ++o) {
        sums[o] += dy[row * Outputs + o];
      }
    }
  }

  /// Calls f(first row, integral_constant of how many) for blocks that cover `rows` rows.
  template <class F>
  static void in_row_blocks(std::size_t rows, F&& f) {
    const std::size_t blocked = rows - rows % block_rows;
    for (std::size_t row = 0; row < blocked; row += block_rows) {
      f(row, std::integral_constant<std::size_t, block_rows>{});
    }
    for (std::size_t row = blocked; row < rows; ++row) {
      f(row, std::integral_constant<std::size_t, 1>{});
    }
  }

public:
  template <class Activation, std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void forward(std::size_t rows, const T* x, const T* weights,
                                std::type_identity_t<const T*> bias, T* y) {
    if (std::is_constant_evaluated()) {
      return meaning::forward<Activation, Inputs, Outputs>(rows, x, weights, bias, y);
    }
    in_row_blocks(rows, [&](std::size_t row, auto count) {
      forward_rows<Activation, count, Inputs, Outputs>(x + row * Inputs, weights, bias,
                                                       y + row * Outputs);
    });
  }

  template <std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void parameter_gradient(std::size_t rows, const T* x, const T* dy,
                                           T* weight_gradient,
                                           std::type_identity_t<T*> bias_gradient) {
    if (std::is_constant_evaluated()) {
      return meaning::parameter_gradient<Inputs, Outputs>(rows, x, dy, weight_gradient,
                                                          bias_gradient);
    }
    if (bias_gradient != nullptr) {
      column_sums<Outputs>(rows, dy, bias_gradient);
    }
    in_row_blocks(Outputs, [&](std::size_t o, auto count) {
      outer_rows<count, Inputs>(rows, dy + o, Outputs, 1, x, weight_gradient + o * Inputs);
    });
  }

  template <std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void input_gradient(std::size_t rows, const T* dy, const T* weights, T* dx) {
    if (std::is_constant_evaluated()) {
      return meaning::input_gradient<Inputs, Outputs>(rows, dy, weights, dx);
    }
    in_row_blocks(rows, [&](std::size_t row, auto count) {
      outer_rows<count, Inputs>(Outputs, dy + row * Outputs, 1, Outputs, weights,
                                dx + row * Inputs);
    });
  }
};

} // namespace mote::kernels
