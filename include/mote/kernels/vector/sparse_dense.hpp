// Dense products that pass by inputs that are zero, with the sums in registers.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/layer.hpp>
#include <mote/kernels/generic/sparse_dense.hpp>
#include <mote/kernels/vector/vector.hpp>
#include <mote/kernels/vector/x86_instructions.hpp>

#include <algorithm>
#include <array>
#include <bit>
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

  /// `Width` outputs side by side in registers. Where there are enough of them the last register
  /// overlaps the one before, which computes some outputs twice and the same; else it is in part.
  template <std::size_t Width, class T>
  struct sums {
    static constexpr std::size_t width = lanes<T>;
    static constexpr std::size_t count = (Width + width - 1) / width;
    static constexpr std::size_t used = std::min(Width, width);
    static constexpr std::size_t last = Width - used;
    /// Inputs that are added at the same time, so that there are sums enough to hide the latency of
    /// a fused multiply-add (two ports, four cycles).
    static constexpr std::size_t together = std::max<std::size_t>(1, 8 / count);

    vector<T, width> values[together][count]{};

    static constexpr std::size_t at(std::size_t v) { return v + 1 == count ? last : v * width; }

    [[gnu::always_inline]] void start_from(const T* from) {
      unrolled<count>([&](auto v) { values[0][v] = load<T, width, used>(from + at(v)); });
    }
    /// Adds factor from[0 ... Width) to the sums number `To`.
    template <std::size_t To = 0>
    [[gnu::always_inline]] void add(T factor, const T* from) {
      const vector<T, width> all = broadcast<T, width>(factor);
      unrolled<count>([&](auto v) { values[To][v] += all * load<T, width, used>(from + at(v)); });
    }
    /// The products of a factor and the sums, or zeros if it is zero.
    [[gnu::always_inline]] sums times_unless_zero(T factor) const {
      const vector<T, width> all = broadcast<T, width>(factor);
      const auto is_used = all != vector<T, width>{};
      sums result;
      unrolled<count>([&](auto v) {
        const vector<T, width> product = all * values[0][v];
        result.values[0][v] = is_used ? product : vector<T, width>{};
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
        unrolled<count>([&](auto v) { kept[k][v] = load<T, width, used>(places[k] + at(v)); });
      });
      unrolled<count>([&](auto v) {
        unrolled<together - 1>([&](auto k) { values[0][v] += values[k + 1][v]; });
        [&]<std::size_t... Kind>(std::index_sequence<Kind...>) {
          rule(kept[0][v], values[0][v], kept[1 + Kind][v]...);
        }
        (std::make_index_sequence<kinds - 1>{});
      });
      unrolled<kinds>([&](auto k) {
        unrolled<count>([&](auto v) { store<T, width, used>(places[k] + at(v), kept[k][v]); });
      });
    }
  };

  /// The rule of a gradient: it is kept.
  struct assign {
    template <class V>
    constexpr void operator()(V& to, V sum) const {
      to = sum;
    }
  };

  /// Outputs whose sums fit the registers beside an operand or two.
  template <class T>
  static constexpr std::size_t most_outputs = (machine::registers == 32 ? 24 : 13) * lanes<T>;

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

  /// Inputs whose non-zero ones are listed at a time; there is room for a store beyond them.
  static constexpr std::size_t most_listed = 1024;
  using index_list = std::array<std::uint16_t, most_listed + 16>;

  /// For each byte the numbers of the bits that are set, from the lowest.
  static constexpr auto set_bits = [] {
    std::array<std::array<std::uint8_t, 8>, 256> result{};
    for (std::size_t byte = 0; byte < 256; ++byte) {
      std::size_t found = 0;
      for (std::uint8_t bit = 0; bit < 8; ++bit) {
        result[byte][found] = bit;
        found += byte >> bit & 1;
      }
    }
    return result;
  }();

  /// Lists which of x[0 ... count) are not zero and returns how many they are. Without a branch: it
  /// would be mispredicted at every edge in an image. A function of its own, as add_listed is: they
  /// need all registers.
  template <class T>
  [[gnu::noinline]] static std::size_t list_non_zero(const T* x, std::size_t count,
                                                     index_list& list) {
    std::size_t found = 0;
    std::size_t i = 0;
#if defined(__AVX512F__)
    if constexpr (Bytes == 64 && std::is_same_v<T, float>) {
      vector<std::uint32_t, 16> indices{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
      for (; i + 16 <= count; i += 16) {
        const std::uint16_t flags = vcmpneqps(load<float, 16>(x + i), vector<float, 16>{});
        store<std::uint16_t, 16>(
            list.data() + found,
            __builtin_convertvector(vpcompressd(flags, indices), vector<std::uint16_t, 16>));
        found += static_cast<std::size_t>(__builtin_popcount(flags));
        indices += 16;
      }
    }
#endif
    for (; i + 8 <= count; i += 8) {
      // A byte of ones or zeros for each input. Products gather one bit of each byte in the last.
      const auto bytes =
          __builtin_convertvector(load<T, 8>(x + i) != vector<T, 8>{}, vector<std::int8_t, 8>);
      const auto flags = reinterpret_cast<std::uint64_t>(bytes);
      const std::uint64_t byte = (flags & 0x8040'2010'0804'0201) * 0x0101'0101'0101'0101 >> 56;
      const auto indices = __builtin_convertvector(load<std::uint8_t, 8>(set_bits[byte].data()),
                                                   vector<std::uint16_t, 8>) +
                           broadcast<std::uint16_t, 8>(static_cast<std::uint16_t>(i));
      store<std::uint16_t, 8>(list.data() + found, indices);
      found += (flags & 0x0101'0101'0101'0101) * 0x0101'0101'0101'0101 >> 56;
    }
    for (; i < count; ++i) {
      list[found] = static_cast<std::uint16_t>(i);
      found += x[i] != T{0} ? 1 : 0;
    }
    return found;
  }

  /// y[0 ... Width) += the sum of x[i] weights[i][0 ... Width) over the listed i.
  template <std::size_t Width, std::size_t Outputs, class T>
  [[gnu::noinline]] static void add_listed(const index_list& list, std::size_t found, const T* x,
                                           const T* weights, T* y) {
    using block = sums<Width, T>;
    block all;
    all.start_from(y);
    std::size_t k = 0;
    for (; k + block::together <= found; k += block::together) {
      unrolled<block::together>([&](auto j) __attribute__((always_inline)) {
        const std::size_t i = list[k + j];
        all.template add<j>(x[i], weights + i * Outputs);
      });
    }
    for (; k < found; ++k) {
      const std::size_t i = list[k];
      all.add(x[i], weights + i * Outputs);
    }
    all.apply(assign{}, y);
  }

  /// Inputs whose weights stay in a first-level cache while all rows of a batch pass.
  template <std::size_t Outputs, class T>
  static constexpr std::size_t cached_inputs =
      std::clamp<std::size_t>(32 * 1024 / (Outputs * sizeof(T)) / 8 * 8, 16, most_listed);

  /// Rows of which a word tells which are not zero, and words for each input.
  template <class T>
  static constexpr std::size_t rows_in_word = 8 * sizeof(T);
  static constexpr std::size_t most_words = 8;

  /// For each of `Count` inputs side by side bit r of words[r / rows_in_word]: whether x[r] is not
  /// zero.
  template <std::size_t Inputs, std::size_t Count, class T, class Words>
  [[gnu::always_inline]] static inline void mark_non_zero(std::size_t rows, const T* x,
                                                          Words* words) {
    for (std::size_t row = 0; row < rows; row += rows_in_word<T>) {
      Words marked{};
      Words bit = -reinterpret_cast<Words>(Words{} == Words{});
      for (std::size_t r = row; r < std::min(rows, row + rows_in_word<T>); ++r) {
        const vector<T, lanes<T>> value = load<T, lanes<T>, Count>(x + r * Inputs);
        marked |= reinterpret_cast<Words>(value != vector<T, lanes<T>>{}) & bit;
        bit += bit;
      }
      *words++ = marked;
    }
  }

  template <class T, class Words>
  static bool is_marked(std::size_t rows, const Words* words, std::size_t lane) {
    std::uint64_t any = 0;
    for (std::size_t row = 0; row < rows; row += rows_in_word<T>) {
      any |= (*words++)[lane];
    }
    return any != 0;
  }

  /// Adds x[r] dy[r][0 ... Width) for the marked rows.
  template <std::size_t Inputs, std::size_t Outputs, class Sums, class T, class Words>
  [[gnu::always_inline]] static inline void add_marked(Sums& all, std::size_t rows,
                                                       const Words* words, std::size_t lane,
                                                       const T* x, const T* dy) {
    for (std::size_t row = 0; row < rows; row += rows_in_word<T>) {
      std::uint64_t marked = (*words++)[lane];
      while (marked != 0) {
        const std::size_t r = row + static_cast<std::size_t>(__builtin_ctzll(marked));
        marked &= marked - 1;
        all.add(x[r * Inputs], dy + r * Outputs);
      }
    }
  }

  /// The weights of `Count` inputs side by side, by `rule`. Words are made once, but for more rows
  /// than they tell of again for each input.
  template <std::size_t Inputs, std::size_t Outputs, std::size_t Count, class T, class Rule,
            class... Memory>
  [[gnu::always_inline]] static inline void update_inputs(std::size_t rows, const T* x, const T* dy,
                                                          const Rule& rule, T* weights,
                                                          Memory*... memory) {
    using unsigned_type = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr std::size_t step = most_words * rows_in_word<T>;
    vector<unsigned_type, lanes<T>> words[most_words];
    if (rows <= step) {
      mark_non_zero<Inputs, Count>(rows, x, words);
    }
    const bool skips = rows <= step && is_idle_at_zero(rule);
    for (std::size_t lane = 0; lane < Count; ++lane) {
      if (skips && !is_marked<T>(rows, words, lane)) {
        continue;
      }
      in_output_blocks<Outputs, T>([&]<std::size_t Width>(
          std::size_t o) __attribute__((always_inline)) {
        sums<Width, T> all;
        for (std::size_t row = 0; row < rows; row += step) {
          const std::size_t many = std::min(step, rows - row);
          const T* from = x + row * Inputs;
          if (rows > step) {
            mark_non_zero<Inputs, Count>(many, from, words);
          }
          add_marked<Inputs, Outputs>(all, many, words, lane, from + lane, dy + row * Outputs + o);
        }
        const std::size_t at = lane * Outputs + o;
        all.apply(rule, weights + at, memory + at...);
      });
    }
  }

  /// The weights by `rule` and the gradient of a single row. Without a branch unless the rule needs
  /// nothing of inputs that are zero: else all weights are written, which is what takes the time.
  template <std::size_t Inputs, std::size_t Outputs, class T, class Rule, class... Memory>
  static void update_by_row(const T* x, const T* dy, const Rule& rule, T* weights,
                            Memory*... memory) {
    const bool skips = is_idle_at_zero(rule);
    index_list list;
    for (std::size_t first = 0; first < Inputs; first += most_listed) {
      const std::size_t many = std::min(most_listed, Inputs - first);
      const std::size_t found = skips ? list_non_zero(x + first, many, list) : many;
      in_output_blocks<Outputs, T>([&]<std::size_t Width>(std::size_t o) {
        sums<Width, T> slopes;
        slopes.start_from(dy + o);
        for (std::size_t k = 0; k < found; ++k) {
          const std::size_t i = first + (skips ? list[k] : k);
          auto products = slopes.times_unless_zero(x[i]);
          const std::size_t at = i * Outputs + o;
          products.apply(rule, weights + at, memory + at...);
        }
      });
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
    const std::size_t step = rows > 1 ? cached_inputs<Outputs, T> : most_listed;
    index_list list;
    for (std::size_t i = 0; i < Inputs; i += step) {
      for (std::size_t row = 0; row < rows; ++row) {
        const T* from = x + row * Inputs + i;
        const std::size_t found = list_non_zero(from, std::min(step, Inputs - i), list);
        in_output_blocks<Outputs, T>([&]<std::size_t Width>(std::size_t o) {
          add_listed<Width, Outputs>(list, found, from, weights + i * Outputs + o,
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
    constexpr std::size_t tail = Inputs % lanes<T>;
    for (std::size_t i = 0; i + lanes<T> <= Inputs; i += lanes<T>) {
      const std::size_t at = i * Outputs;
      update_inputs<Inputs, Outputs, lanes<T>>(rows, x + i, dy, rule, weights + at, memory + at...);
    }
    if constexpr (tail > 0) {
      constexpr std::size_t at = (Inputs - tail) * Outputs;
      update_inputs<Inputs, Outputs, tail>(rows, x + Inputs - tail, dy, rule, weights + at,
                                           memory + at...);
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
        all.add(T{1}, dy + row * Outputs + o);
      }
      all.apply(rule, bias + o, memory + o...);
    });
  }
};

} // namespace mote::kernels
