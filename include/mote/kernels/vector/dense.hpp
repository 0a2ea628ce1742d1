// Dense products in registers: blocks of sums that are loaded once, kept while the inner loop runs,
// and stored once.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/layer.hpp>
#include <mote/kernels/generic/dense.hpp>
#include <mote/kernels/vector/update.hpp>
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
  static constexpr std::size_t dot_rows = machine::registers == 32 ? 4 : 3;
  static constexpr std::size_t dot_columns = machine::registers == 32 ? 6 : 4;
  /// Of a single row, to keep as many loads from the cache under way.
  static constexpr std::size_t lone_columns = 8;
  static constexpr std::size_t outer_rows = 4;
  static constexpr std::size_t outer_vectors = machine::registers == 32 ? 5 : 3;
  /// Of packed weights: registers side by side, and sums in all.
  static constexpr std::size_t panel_vectors = machine::registers == 32 ? 4 : 2;
  static constexpr std::size_t panel_sums = machine::registers == 32 ? 24 : 12;

  /// Element `i` of an array that may be missing.
  template <class T>
  static const T* at(const T* array, std::size_t i) {
    return array != nullptr ? array + i : nullptr;
  }

  /// Calls f(first, integral_constant of how many) for blocks of `Block` that cover `count`; what
  /// is left over comes one by one, for each size costs compile time.
  template <std::size_t Block, class F>
  static void in_blocks(std::size_t count, F&& f) {
    const std::size_t blocked = count - count % Block;
    for (std::size_t i = 0; i < blocked; i += Block) {
      f(i, std::integral_constant<std::size_t, Block>{});
    }
    for (std::size_t i = blocked; i < count; ++i) {
      f(i, std::integral_constant<std::size_t, 1>{});
    }
  }

  /// The same for a count that is known.
  template <std::size_t Count, std::size_t Block, class F>
  static void in_fixed_blocks(F&& f) {
    for (std::size_t i = 0; i + Block <= Count; i += Block) {
      f(i, std::integral_constant<std::size_t, Block>{});
    }
    if constexpr (Count % Block > 0) {
      f(Count - Count % Block, std::integral_constant<std::size_t, Count % Block>{});
    }
  }

  // Indices that need no constant are plain numbers, which makes one function of a lambda in place
  // of one for each index: that takes the compiler a fifth less time.

  /// Rows x Columns dot products of length Length: y[r][c] = bias[c] + x[r] . weights[c].
  template <std::size_t Rows, std::size_t Columns, std::size_t Length, class T>
  [[gnu::always_inline]] static inline void dot_block(const T* x, const T* weights, const T* bias,
                                                      T* y, std::size_t y_stride) {
    constexpr std::size_t width = lanes<T>;
    constexpr std::size_t tail = Length % width;
    vector<T, width> sums[Rows * Columns]{};
    if (bias != nullptr) {
      unrolled<Rows * Columns>([&](std::size_t i) __attribute__((always_inline)) {
        sums[i] = load<T, width, 1>(bias + i % Columns);
      });
    }
    const auto accumulate = [&]<std::size_t Count>(
        std::size_t i, std::integral_constant<std::size_t, Count>) __attribute__((always_inline)) {
      vector<T, width> values[Rows];
      unrolled<Rows>([&](std::size_t r) __attribute__((always_inline)) {
        values[r] = load<T, width, Count>(x + r * Length + i);
      });
      unrolled<Columns>([&](std::size_t c) __attribute__((always_inline)) {
        const vector<T, width> w = load<T, width, Count>(weights + c * Length + i);
        unrolled<Rows>([&](std::size_t r) __attribute__((always_inline)) {
          sums[r * Columns + c] += values[r] * w;
        });
      });
    };
    for (std::size_t i = 0; i + width <= Length; i += width) {
      accumulate(i, std::integral_constant<std::size_t, width>{});
    }
    if constexpr (tail > 0) {
      accumulate(Length - tail, std::integral_constant<std::size_t, tail>{});
    }
    T totals[Rows * Columns];
    sums_of_lanes<Rows * Columns, T, width>(sums, totals);
    unrolled<Rows>([&](std::size_t r) __attribute__((always_inline)) {
      __builtin_memcpy(y + r * y_stride, totals + r * Columns, Columns * sizeof(T));
    });
  }

  /// sum over k of a(k, r) b[k][0 ... Width), where a(k, r) is a[k * a_step + r * a_stride]. Calls
  /// finish(r, first column, integral_constant of how many, vector) for each register of sums.
  template <std::size_t Rows, std::size_t Width, class T, class Finish>
  [[gnu::always_inline]] static inline void
  outer_block(std::size_t count, const T* a, std::size_t a_step, std::size_t a_stride, const T* b,
              std::size_t b_stride, Finish&& finish) {
    constexpr std::size_t width = lanes<T>;
    constexpr std::size_t vectors = (Width + width - 1) / width;
    constexpr std::size_t last = Width - (vectors - 1) * width;
    vector<T, width> sums[Rows][vectors]{};
    for (std::size_t k = 0; k < count; ++k) {
      vector<T, width> operand[vectors];
      unrolled<vectors - 1>([&](std::size_t v) __attribute__((always_inline)) {
        operand[v] = load<T, width>(b + v * width);
      });
      operand[vectors - 1] = load<T, width, last>(b + (vectors - 1) * width);
      unrolled<Rows>([&](std::size_t r) __attribute__((always_inline)) {
        const vector<T, width> factor = broadcast<T, width>(a[r * a_stride]);
        unrolled<vectors>([&](std::size_t v) __attribute__((always_inline)) {
          sums[r][v] += factor * operand[v];
        });
      });
      a += a_step;
      b += b_stride;
    }
    unrolled<Rows>([&](std::size_t r) __attribute__((always_inline)) {
      unrolled<vectors - 1>([&](std::size_t v) __attribute__((always_inline)) {
        finish(r, v * width, std::integral_constant<std::size_t, width>{}, sums[r][v]);
      });
      finish(r, (vectors - 1) * width, std::integral_constant<std::size_t, last>{},
             sums[r][vectors - 1]);
    });
  }

  /// Panels of columns as wide as outer_vectors allow, of one width but for the last.
  template <std::size_t Width, class T>
  static constexpr std::size_t panel = [] {
    constexpr std::size_t vectors = (Width + lanes<T> - 1) / lanes<T>;
    constexpr std::size_t panels = (vectors + outer_vectors - 1) / outer_vectors;
    return (vectors + panels - 1) / panels * lanes<T>;
  }();

  /// weight_sums of a single row, in the order in which the results are stored. If `skips`, without
  /// those of outputs whose slope is zero, as behind a relu half of them are. From the last output
  /// on: its weights were read last on the way forward, and what is written last here is read first
  /// in the next step, so that either is still in the first cache.
  template <std::size_t Inputs, std::size_t Outputs, class T, class Finish>
  static void weight_products(const T* x, const T* dy, bool skips, Finish&& finish) {
    constexpr std::size_t width = lanes<T>;
    constexpr std::size_t tail = Inputs % width;
    for (std::size_t o = Outputs; o-- > 0;) {
      if (skips && dy[o] == T{0}) {
        continue;
      }
      const vector<T, width> slope = broadcast<T, width>(dy[o]);
      for (std::size_t i = 0; i + width <= Inputs; i += width) {
        finish(o, i, std::integral_constant<std::size_t, width>{}, slope * load<T, width>(x + i));
      }
      if constexpr (tail > 0) {
        constexpr std::size_t i = Inputs - tail;
        finish(o, i, std::integral_constant<std::size_t, tail>{},
               slope * load<T, width, tail>(x + i));
      }
    }
  }

  /// finish(o, first input, integral_constant of how many, vector of sums over the rows of
  /// dy[row][o] x[row][i]). A panel of x stays in the first cache while all outputs go over it. If
  /// `skips`, sums that are zero may be left out.
  template <std::size_t Inputs, std::size_t Outputs, class T, class Finish>
  static void weight_sums(std::size_t rows, const T* x, const T* dy, bool skips, Finish&& finish) {
    if (rows == 1) {
      return weight_products<Inputs, Outputs>(x, dy, skips, finish);
    }
    in_fixed_blocks<Inputs, panel<Inputs, T>>([&](std::size_t i, auto width) {
      in_fixed_blocks<Outputs, outer_rows>([&](std::size_t o, auto count) {
        outer_block<count, width>(
            rows, dy + o, Outputs, 1, x + i, Inputs,
            [&](std::size_t r, std::size_t column, auto many, auto sums)
                __attribute__((always_inline)) { finish(o + r, i + column, many, sums); });
      });
    });
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

  /// y[row][0 ... Outputs) = bias + weights x[row], without an activation.
  template <std::size_t Inputs, std::size_t Outputs, std::size_t Stride, class T>
  static void dots(std::size_t rows, const T* x, const T* weights, const T* bias, T* y) {
    // The weights of a block of outputs stay in the first cache while all rows go over them.
    const std::size_t blocked = rows - rows % dot_rows;
    if (blocked > 0) {
      in_fixed_blocks<Outputs, dot_columns>([&](std::size_t o, auto columns) {
        for (std::size_t row = 0; row < blocked; row += dot_rows) {
          dot_block<dot_rows, columns, Inputs>(x + row * Inputs, weights + o * Inputs, at(bias, o),
                                               y + row * Stride + o, Stride);
        }
      });
    }
    for (std::size_t row = blocked; row < rows; ++row) {
      in_fixed_blocks<Outputs, lone_columns>([&](std::size_t o, auto columns) {
        dot_block<1, columns, Inputs>(x + row * Inputs, weights + o * Inputs, at(bias, o),
                                      y + row * Stride + o, Stride);
      });
    }
  }

  /// In a loop of its own, where the compiler vectorizes it.
  template <class Activation, class T>
  static void activate(std::size_t count, T* y) {
    if constexpr (!std::is_same_v<Activation, identity>) {
      for (std::size_t i = 0; i < count; ++i) {
        y[i] = Activation::apply(y[i]);
      }
    }
  }

  /// A part of a panel of packed weights, as wide as fits in registers, for all rows. The last rows
  /// may be computed twice, which is faster than a shorter block.
  template <std::size_t Inputs, std::size_t Outputs, std::size_t Panel, std::size_t Width, class T>
  [[gnu::noinline]] static void panel_products(std::size_t rows, const T* x, const T* weights,
                                               const T* bias, T* y) {
    constexpr std::size_t vectors = (Width + lanes<T> - 1) / lanes<T>;
    constexpr std::size_t block = std::min<std::size_t>(12, panel_sums / vectors);
    const auto products = [&](std::size_t row, auto count) {
      outer_block<count, Width>(
          Inputs, x + row * Inputs, 1, Inputs, weights, Panel,
          [&](std::size_t r, std::size_t column, auto many, auto sums)
              __attribute__((always_inline)) {
                if (bias != nullptr) {
                  sums += load<T, lanes<T>, many>(bias + column);
                }
                store<T, lanes<T>, many>(y + (row + r) * Outputs + column, sums);
              });
    };
    if (rows < block) {
      return in_blocks<1>(rows, products);
    }
    for (std::size_t row = 0; row < rows; row += block) {
      products(std::min(row, rows - block), std::integral_constant<std::size_t, block>{});
    }
  }

public:
  template <class Activation, std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void forward(std::size_t rows, const T* x, const T* weights,
                                std::type_identity_t<const T*> bias, T* y) {
    if (std::is_constant_evaluated()) {
      return meaning::forward<Activation, Inputs, Outputs>(rows, x, weights, bias, y);
    }
    dots<Inputs, Outputs, Outputs>(rows, x, weights, bias, y);
    activate<Activation>(rows * Outputs, y);
  }

  template <class Activation, std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void packed_forward(std::size_t rows, const T* x, const T* weights,
                                       std::type_identity_t<const T*> bias, T* y) {
    if (std::is_constant_evaluated()) {
      return meaning::packed_forward<Activation, Inputs, Outputs>(rows, x, weights, bias, y);
    }
    using layout = packed_weights<Inputs, Outputs>;
    in_fixed_blocks<layout::in_panels, layout::panel>([&](std::size_t first, auto panel) {
      in_fixed_blocks<panel, panel_vectors * lanes<T>>([&](std::size_t column, auto width) {
        const std::size_t o = first + column;
        panel_products<Inputs, Outputs, panel, width>(rows, x, weights + first * Inputs + column,
                                                      at(bias, o), y + o);
      });
    });
    if constexpr (layout::rest > 0) {
      constexpr std::size_t o = layout::in_panels;
      dots<Inputs, layout::rest, Outputs>(rows, x, weights + o * Inputs, at(bias, o), y + o);
    }
    activate<Activation>(rows * Outputs, y);
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
    weight_sums<Inputs, Outputs>(
        rows, x, dy, false, [&](std::size_t o, std::size_t i, auto count, auto sums) {
          store<T, lanes<T>, count>(weight_gradient + o * Inputs + i, sums);
        });
  }

  template <std::size_t Inputs, std::size_t Outputs, class T, class Rule, class... Memory>
  static constexpr void update_weights(std::size_t rows, const T* x, const T* dy, const Rule& rule,
                                       T* weights, Memory*... memory) {
    if (std::is_constant_evaluated()) {
      return meaning::update_weights<Inputs, Outputs>(rows, x, dy, rule, weights, memory...);
    }
    weight_sums<Inputs, Outputs>(rows, x, dy, is_idle_at_zero(rule),
                                 [&](std::size_t o, std::size_t i, auto count, auto sums) {
                                   update_elements<count, T, lanes<T>>(o * Inputs + i, sums, rule,
                                                                       weights, memory...);
                                 });
  }

  template <std::size_t Outputs, class T, class Rule, class... Memory>
  static constexpr void update_bias(std::size_t rows, const T* dy, const Rule& rule, T* bias,
                                    Memory*... memory) {
    if (std::is_constant_evaluated()) {
      return meaning::update_bias<Outputs>(rows, dy, rule, bias, memory...);
    }
    T sums[Outputs];
    column_sums<Outputs>(rows, dy, sums);
    for (std::size_t o = 0; o < Outputs; ++o) {
      rule(bias[o], sums[o], memory[o]...);
    }
  }

  template <std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void input_gradient(std::size_t rows, const T* dy, const T* weights, T* dx) {
    if (std::is_constant_evaluated()) {
      return meaning::input_gradient<Inputs, Outputs>(rows, dy, weights, dx);
    }
    in_fixed_blocks<Inputs, panel<Inputs, T>>([&](std::size_t i, auto width) {
      in_blocks<outer_rows>(rows, [&](std::size_t row, auto count) {
        outer_block<count, width>(
            Outputs, dy + row * Outputs, 1, Outputs, weights + i, Inputs,
            [&](std::size_t r, std::size_t column, auto many, auto sums)
                __attribute__((always_inline)) {
                  store<T, lanes<T>, many>(dx + (row + r) * Inputs + i + column, sums);
                });
      });
    });
  }
};

} // namespace mote::kernels
