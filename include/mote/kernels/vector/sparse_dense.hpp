// Dense products that pass by inputs that are zero, with the sums in registers.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/layer.hpp>
#include <mote/kernels/generic/sparse_dense.hpp>
#include <mote/kernels/vector/blocks.hpp>
#include <mote/kernels/vector/lanes.hpp>
#include <mote/kernels/vector/vector.hpp>
#include <mote/kernels/vector/x86_instructions.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace mote::kernels {

template <std::size_t Bytes>
struct sparse_dense<isa::simd<Bytes>> {
private:
  using meaning = sparse_dense<isa::generic>;
  using machine = isa::simd<Bytes>;

  template <class T>
  static constexpr std::size_t lanes = Bytes / sizeof(T);

  /// Unless a row is aligned its loads of 64 bytes all cross cache lines, and take two to three
  /// times as long: what is read often is copied to rows of whole registers.
  static constexpr bool copies = Bytes == 64;
  /// Inputs side by side whose weights are updated at a time, for a load each of dy.
  static constexpr std::size_t group = Bytes == 64 ? 2 : 1;

  /// `Width` outputs side by side in registers. Where there are enough of them the last register
  /// overlaps the one before, which computes some outputs twice and the same; else it is in part.
  template <std::size_t Width, class T>
  struct sums {
    static constexpr std::size_t width = lanes<T>;
    static constexpr std::size_t count = (Width + width - 1) / width;
    static constexpr std::size_t used = std::min(Width, width);
    static constexpr std::size_t last = Width - used;

    vector<T, width> values[count]{};

    static constexpr std::size_t at(std::size_t v) { return v + 1 == count ? last : v * width; }

    [[gnu::always_inline]] void start_from(const T* from) {
      unrolled<count>([&](auto v) { values[v] = load<T, width, used>(from + at(v)); });
    }
    /// The products of a factor and the sums, or zeros if it is zero.
    [[gnu::always_inline]] sums times_unless_zero(T factor) const {
      const vector<T, width> all = broadcast<T, width>(factor);
      const auto is_used = all != vector<T, width>{};
      sums result;
      unrolled<count>([&](auto v) {
        const vector<T, width> product = all * values[v];
        result.values[v] = is_used ? product : vector<T, width>{};
      });
      return result;
    }
    /// rule(element, sum, element of memory...) for all sums. What overlaps is read before anything
    /// is stored, so that the rule is applied once.
    template <class Rule, class... Memory>
    [[gnu::always_inline]] void apply(const Rule& rule, T* to, Memory*... memory) {
      T* const places[]{to, memory...};
      constexpr std::size_t kinds = 1 + sizeof...(Memory);
      vector<T, width> kept[kinds][count];
      unrolled<kinds>([&](auto k) {
        unrolled<count>([&](auto v) {
          kept[k][v] = load<T, width, used>(places[k] + at(v));
          if constexpr (copies) {
            kept[k][v] = in_register<T, width>(kept[k][v]);
          }
        });
      });
      unrolled<count>([&](auto v) {
        [&]<std::size_t... Kind>(std::index_sequence<Kind...>) {
          rule(kept[0][v], values[v], kept[1 + Kind][v]...);
        }
        (std::make_index_sequence<kinds - 1>{});
      });
      unrolled<kinds>([&](auto k) {
        unrolled<count>([&](auto v) { store<T, width, used>(places[k] + at(v), kept[k][v]); });
      });
    }
  };

  /// Rows of `Width` elements, as sums lie side by side: in place, or copied to whole registers.
  template <std::size_t Width, class T>
  struct panel {
    using block = sums<Width, T>;
    static constexpr std::size_t padded = block::count * block::width;

    const T* data;
    std::size_t stride;
    std::size_t last = block::last; ///< where the last register of a row starts

    [[gnu::always_inline]] auto operator()(std::size_t row, std::size_t v) const {
      const T* from = data + row * stride + (v + 1 == block::count ? last : v * block::width);
      return load<T, block::width, block::used>(from);
    }
    /// Copies a row to rows [padded].
    [[gnu::always_inline]] void copy(std::size_t row, T* to) const {
      unrolled<block::count>([&](auto v) {
        store<T, block::width>(to + row * padded + v * block::width, (*this)(row, v));
      });
    }
    static panel copied(const T* rows) { return {rows, padded, padded - block::width}; }
  };

  /// The rule of a gradient: it is kept.
  struct assign {
    template <class V>
    constexpr void operator()(V& to, V sum) const {
      to = sum;
    }
  };

  /// Outputs whose sums, for each input of a group, fit the registers beside as many operands.
  template <class T>
  static constexpr std::size_t most_outputs = (machine::registers == 32 ? 8 : 13) * lanes<T>;

  /// f.template operator()<Width>(first) for blocks of outputs, about equally wide.
  template <std::size_t Outputs, class T, class F>
  [[gnu::always_inline]] static inline void in_output_blocks(F&& f) {
    constexpr std::size_t blocks = (Outputs + most_outputs<T> - 1) / most_outputs<T>;
    constexpr std::size_t vectors = (Outputs + lanes<T> - 1) / lanes<T>;
    constexpr std::size_t step = (vectors + blocks - 1) / blocks * lanes<T>;
    constexpr std::size_t rest = Outputs % step;
    for (std::size_t o = 0; o + step <= Outputs; o += step) {
      f.template operator()<step>(o);
    }
    if constexpr (rest > 0) {
      f.template operator()<rest>(Outputs - rest);
    }
  }

  /// Inputs, or rows, of which a word tells which are not zero.
  static constexpr std::size_t bits = 64;
  /// Rows that are marked at a time, and words of a single row or of an input.
  static constexpr std::size_t most_rows = 128;
  static constexpr std::size_t most_words = 4;

  /// Bit i: whether x[i] is not zero, for `Count` inputs.
  template <std::size_t Count, class T>
  [[gnu::always_inline]] static inline std::uint64_t mark(const T* x) {
    std::uint64_t marked = 0;
    std::size_t i = 0;
#if defined(__AVX512F__)
    if constexpr (Bytes == 64 && std::is_same_v<T, float>) {
      for (; i + 16 <= Count; i += 16) {
        marked |= std::uint64_t{vcmpneqps(load<float, 16>(x + i), vector<float, 16>{})} << i;
      }
    }
#endif
    for (; i + 8 <= Count; i += 8) {
      // A byte of ones or zeros for each input. Products gather one bit of each byte in the last.
      const auto bytes =
          __builtin_convertvector(load<T, 8>(x + i) != vector<T, 8>{}, vector<std::int8_t, 8>);
      const auto flags = reinterpret_cast<std::uint64_t>(bytes);
      marked |= ((flags & 0x8040'2010'0804'0201) * 0x0101'0101'0101'0101 >> 56) << i;
    }
    for (; i < Count; ++i) {
      marked |= std::uint64_t{x[i] != T{0}} << i;
    }
    return marked;
  }

  /// The same for the inputs of a word: those from `first` on.
  template <std::size_t Inputs, class T>
  [[gnu::always_inline]] static inline std::uint64_t mark_inputs(const T* x, std::size_t first) {
    if constexpr (constexpr std::size_t tail = Inputs % bits; tail > 0) {
      if (first + tail == Inputs) {
        return mark<tail>(x + first);
      }
    }
    return mark<bits>(x + first);
  }

  /// Calls f(index) for the bits that are set, from the lowest.
  template <class F>
  [[gnu::always_inline]] static inline void for_each_mark(std::uint64_t marked, F&& f) {
    while (marked != 0) {
      f(static_cast<std::size_t>(__builtin_ctzll(marked)));
      marked &= marked - 1;
    }
  }

  /// y[row][0 ... Width) += the sum of x[row][i] weights[i][0 ... Width) over the i that `words`
  /// marks for each row tell of. The marks of all rows are made before: else each row would wait
  /// for them behind the mispredicted end of the one before. A function of its own: it needs all
  /// registers.
  template <std::size_t Width, std::size_t Inputs, std::size_t Outputs, class T>
  [[gnu::noinline]] static void add_marked_inputs(std::size_t rows, const std::uint64_t* marks,
                                                  std::size_t words, const T* x, const T* weights,
                                                  T* y) {
    panel<Width, T> w{weights, Outputs};
    alignas(Bytes) T rows_of_w[copies ? bits * w.padded : 1];
    if constexpr (copies) {
      if (rows >= 48) { // fewer do not pay for it
        std::uint64_t any = 0;
        for (std::size_t row = 0; row < rows; ++row) {
          any |= marks[row];
        }
        for_each_mark(any, [&](std::size_t i) { w.copy(i, rows_of_w); });
        w = w.copied(rows_of_w);
      }
    }
    for (std::size_t row = 0; row < rows; ++row) {
      sums<Width, T> all;
      all.start_from(y);
      for (std::size_t word = 0; word < words; ++word) {
        for_each_mark(
            *marks++, [&](std::size_t bit) __attribute__((always_inline)) {
              const std::size_t i = word * bits + bit;
              const vector<T, lanes<T>> factor = broadcast<T, lanes<T>>(x[i]);
              unrolled<all.count>([&](auto v) { all.values[v] += factor * w(i, v); });
            });
      }
      all.apply(assign{}, y);
      x += Inputs;
      y += Outputs;
    }
  }

  /// A word for each of the inputs side by side in a register.
  template <class T>
  using words = vector<std::uint64_t, lanes<T>>;

  /// Bit r of marks[r / bits], for each of `Count` inputs: whether x[r] is not zero.
  template <std::size_t Inputs, std::size_t Count, class T>
  [[gnu::always_inline]] static inline void mark_rows(std::size_t rows, const T* x,
                                                      words<T>* marks) {
    using part = vector<std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>, lanes<T>>;
    constexpr std::size_t step = 8 * sizeof(T);
    std::size_t row = 0;
    do {
      words<T> marked{};
      for (std::size_t shift = 0; shift < bits; shift += step) {
        part some{};
        part bit = -reinterpret_cast<part>(part{} == part{});
        for (const std::size_t end = std::min(rows, row + step); row < end; ++row) {
          const vector<T, lanes<T>> value = load<T, lanes<T>, Count>(x + row * Inputs);
          some |= reinterpret_cast<part>(value != vector<T, lanes<T>>{}) & bit;
          bit += bit;
        }
        marked |= __builtin_convertvector(some, words<T>) << shift;
      }
      *marks++ = marked;
    } while (row < rows);
  }

  /// The rows in which an input of a group is marked.
  template <std::size_t Group, class Words>
  [[gnu::always_inline]] static inline std::uint64_t rows_of_group(const Words& word,
                                                                   std::size_t lane) {
    std::uint64_t marked = 0;
    unrolled<Group>([&](auto j) { marked |= word[lane + j]; });
    return marked;
  }

  /// Adds x[r][j] dy[r][0 ... Width) to all[j] for the marked rows r in which x[r][j] is not zero.
  template <std::size_t Inputs, std::size_t Group, std::size_t Width, class T>
  [[gnu::always_inline]] static inline void add_marked_rows(sums<Width, T> (&all)[Group],
                                                            std::uint64_t marked, std::size_t row,
                                                            const T* x, const panel<Width, T>& dy) {
    for_each_mark(
        marked, [&](std::size_t bit) __attribute__((always_inline)) {
          const std::size_t r = row + bit;
          vector<T, lanes<T>> factors[Group];
          unrolled<Group>([&](auto j) { factors[j] = broadcast<T, lanes<T>>(x[r * Inputs + j]); });
          unrolled<sums<Width, T>::count>([&](auto v) {
            if constexpr (Group == 1) {
              all[0].values[v] += factors[0] * dy(r, v);
            } else {
              const vector<T, lanes<T>> slopes = in_register<T, lanes<T>>(dy(r, v));
              unrolled<Group>([&](auto j) {
                auto& sum = all[j].values[v];
                sum = factors[j] != vector<T, lanes<T>>{} ? sum + factors[j] * slopes : sum;
              });
            }
          });
        });
  }

  /// The weights of `Count` inputs side by side, by `rule`. Words are made once, but for more rows
  /// than they tell of again for each group.
  template <std::size_t Inputs, std::size_t Outputs, std::size_t Count, std::size_t Width, class T,
            class Rule, class... Memory>
  [[gnu::always_inline]] static inline void
  update_inputs(std::size_t rows, const T* x, const panel<Width, T>& dy, const Rule& rule,
                T* weights, Memory*... memory) {
    words<T> marks[most_words];
    constexpr std::size_t most = most_words * bits;
    if (rows <= most) {
      mark_rows<Inputs, Count>(rows, x, marks);
    }
    const bool skips = rows <= most && is_idle_at_zero(rule);
    const auto update = [&]<std::size_t Group>(std::size_t lane,
                                               std::integral_constant<std::size_t, Group>)
        __attribute__((always_inline)) {
      if (skips) {
        std::uint64_t any = 0;
        for (std::size_t row = 0; row < rows; row += bits) {
          any |= rows_of_group<Group>(marks[row / bits], lane);
        }
        if (any == 0) {
          return;
        }
      }
      in_output_blocks<Width, T>([&]<std::size_t Part>(
          std::size_t o) __attribute__((always_inline)) {
        panel<Part, T> slopes{dy.data + o, dy.stride};
        if constexpr (Part == Width) {
          slopes.last = dy.last;
        }
        sums<Part, T> all[Group];
        for (std::size_t row = 0; row < rows; row += bits) {
          if (rows > most && row % most == 0) {
            mark_rows<Inputs, Count>(std::min(most, rows - row), x + row * Inputs, marks);
          }
          const auto& word = marks[row % most / bits];
          add_marked_rows<Inputs>(all, rows_of_group<Group>(word, lane), row, x + lane, slopes);
        }
        unrolled<Group>([&](auto j) {
          const std::size_t at = (lane + j) * Outputs + o;
          all[j].apply(rule, weights + at, memory + at...);
        });
      });
    };
    in_blocks<Count, group>(update);
  }

  /// The weights of `Width` outputs. A function of its own, as add_marked_inputs is.
  template <std::size_t Width, std::size_t Inputs, std::size_t Outputs, class T, class Rule,
            class... Memory>
  [[gnu::noinline]] static void update_outputs(std::size_t rows, const T* x, const T* dy,
                                               const Rule& rule, T* weights, Memory*... memory) {
    constexpr std::size_t most_copied = 56 * 1024 / (sizeof(T) * panel<Width, T>::padded);
    constexpr std::size_t tail = Inputs % lanes<T>;
    panel<Width, T> slopes{dy, Outputs};
    alignas(Bytes) T rows_of_dy[copies ? most_copied * slopes.padded : 1];
    if (copies && rows <= most_copied) {
      for (std::size_t row = 0; row < rows; ++row) {
        slopes.copy(row, rows_of_dy);
      }
      slopes = slopes.copied(rows_of_dy);
    }
    for (std::size_t i = 0; i + lanes<T> <= Inputs; i += lanes<T>) {
      const std::size_t at = i * Outputs;
      update_inputs<Inputs, Outputs, lanes<T>>(rows, x + i, slopes, rule, weights + at,
                                               memory + at...);
    }
    if constexpr (tail > 0) {
      constexpr std::size_t at = (Inputs - tail) * Outputs;
      update_inputs<Inputs, Outputs, tail>(rows, x + Inputs - tail, slopes, rule, weights + at,
                                           memory + at...);
    }
  }

  /// The weights by `rule` and the gradient of a single row. Without a branch unless the rule needs
  /// nothing of inputs that are zero: else all weights are written, which is what takes the time.
  /// From the last input on: its weights were read last on the way forward, and what is written
  /// last here is read first in the next step, so that either is still in the first cache.
  template <std::size_t Inputs, std::size_t Outputs, class T, class Rule, class... Memory>
  static void update_by_row(const T* x, const T* dy, const Rule& rule, T* weights,
                            Memory*... memory) {
    const bool skips = is_idle_at_zero(rule);
    constexpr std::size_t step = most_words * bits;
    std::uint64_t marks[most_words];
    for (std::size_t end = Inputs; end > 0;) {
      const std::size_t first = (end - 1) / step * step;
      for (std::size_t i = first; i < end; i += bits) {
        marks[(i - first) / bits] = skips ? mark_inputs<Inputs>(x, i) : ~std::uint64_t{0};
      }
      in_output_blocks<Outputs, T>([&]<std::size_t Width>(std::size_t o) {
        sums<Width, T> slopes;
        slopes.start_from(dy + o);
        for (std::size_t i = end; i > first;) {
          const std::size_t many = (i - 1) % bits + 1;
          i -= many;
          std::uint64_t marked = marks[(i - first) / bits] & ~std::uint64_t{0} >> (bits - many);
          while (marked != 0) {
            const auto bit = static_cast<std::size_t>(63 - __builtin_clzll(marked));
            marked ^= std::uint64_t{1} << bit;
            auto products = slopes.times_unless_zero(x[i + bit]);
            const std::size_t at = (i + bit) * Outputs + o;
            products.apply(rule, weights + at, memory + at...);
          }
        }
      });
      end = first;
    }
  }

public:
  template <class Activation, std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void forward(std::size_t rows, const T* x, const T* weights,
                                std::type_identity_t<const T*> bias, T* y) {
    if (std::is_constant_evaluated()) {
      return meaning::forward<Activation, Inputs, Outputs>(rows, x, weights, bias, y);
    }
    for (std::size_t row = 0; row < rows; ++row) {
      if (bias != nullptr) {
        std::copy_n(bias, Outputs, y + row * Outputs);
      } else {
        std::fill_n(y + row * Outputs, Outputs, T{0});
      }
    }
    const std::size_t step = (rows > 1 ? 1 : most_words) * bits;
    std::uint64_t marks[most_rows];
    for (std::size_t row = 0; row < rows; row += most_rows) {
      const std::size_t many = std::min(most_rows, rows - row);
      const T* from = x + row * Inputs;
      for (std::size_t i = 0; i < Inputs; i += step) {
        const std::size_t end = std::min(i + step, Inputs);
        std::size_t found = 0;
        for (std::size_t r = 0; r < many; ++r) {
          for (std::size_t first = i; first < end; first += bits) {
            marks[found++] = mark_inputs<Inputs>(from + r * Inputs, first);
          }
        }
        in_output_blocks<Outputs, T>([&]<std::size_t Width>(std::size_t o) {
          add_marked_inputs<Width, Inputs, Outputs>(many, marks, found / many, from + i,
                                                    weights + i * Outputs + o,
                                                    y + row * Outputs + o);
        });
      }
    }
    if constexpr (!std::is_same_v<Activation, identity>) {
      for (std::size_t at = 0; at < rows * Outputs; ++at) {
        y[at] = Activation::apply(y[at]);
      }
    }
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
      update_bias<Outputs>(rows, dy, assign{}, bias_gradient);
    }
    update_weights<Inputs, Outputs>(rows, x, dy, assign{}, weight_gradient);
  }

  template <std::size_t Inputs, std::size_t Outputs, class T, class Rule, class... Memory>
  static constexpr void update_weights(std::size_t rows, const T* x, const T* dy, const Rule& rule,
                                       T* weights, Memory*... memory) {
    if (std::is_constant_evaluated()) {
      return meaning::update_weights<Inputs, Outputs>(rows, x, dy, rule, weights, memory...);
    }
    if (rows == 1) {
      return update_by_row<Inputs, Outputs>(x, dy, rule, weights, memory...);
    }
    if constexpr (copies) {
      in_output_blocks<Outputs, T>([&]<std::size_t Width>(std::size_t o) {
        update_outputs<Width, Inputs, Outputs>(rows, x, dy + o, rule, weights + o, memory + o...);
      });
    } else {
      update_outputs<Outputs, Inputs, Outputs>(rows, x, dy, rule, weights, memory...);
    }
  }

  template <std::size_t Outputs, class T, class Rule, class... Memory>
  static constexpr void update_bias(std::size_t rows, const T* dy, const Rule& rule, T* bias,
                                    Memory*... memory) {
    if (std::is_constant_evaluated()) {
      return meaning::update_bias<Outputs>(rows, dy, rule, bias, memory...);
    }
    in_output_blocks<Outputs, T>([&]<std::size_t Width>(std::size_t o) {
      sums<Width, T> all;
      for (std::size_t row = 0; row < rows; ++row) {
        const panel<Width, T> slopes{dy + o, Outputs};
        unrolled<all.count>([&](auto v) { all.values[v] += slopes(row, v); });
      }
      all.apply(rule, bias + o, memory + o...);
    });
  }
};

} // namespace mote::kernels
