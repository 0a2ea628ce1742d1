// Quantized dense products in registers: blocks of sums over several units and rows, then the codes
// of a panel of units at a time.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/kernels/generic/dense_int8.hpp>
#include <mote/kernels/vector/dot_int8.hpp>
#include <mote/kernels/vector/requantize.hpp>
#include <mote/kernels/vector/vector.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace mote::kernels {

template <std::size_t Bytes>
struct dense_int8<isa::simd<Bytes>> {
private:
  using machine = isa::simd<Bytes>;

  /// Units whose codes are made side by side, and whose weights stay in the first cache while all
  /// rows go over them.
  static constexpr std::size_t panel_units = 16;

  using steps = rounding_lanes<Bytes / sizeof(std::int64_t)>;
  template <std::size_t Units>
  static constexpr std::size_t in_lanes = (Units + steps::lanes - 1) / steps::lanes* steps::lanes;

  /// Sums side by side: enough to hide the latency of an instruction, few enough to leave registers
  /// for the operands.
  static constexpr std::size_t block_rows = machine::registers == 32 ? 4 : 2;
  static constexpr std::size_t block_units = machine::registers == 32 ? 6 : 4;

  /// The narrowest register that holds `Length` bytes, or the widest. Where the first of a
  /// register's bytes cannot be loaded at once, the widest that they fill.
  template <std::size_t Length>
  static constexpr std::size_t width = [] {
    std::size_t result = Bytes;
    while (result > 16 && Length <= (loads_part_at_once ? result / 2 : result - 1)) {
      result /= 2;
    }
    return result;
  }();

  /// The numbers of a panel of units; what is beyond the units is zero.
  struct panel {
    std::int32_t bias[panel_units]; ///< of sums that count inputs from the machine's base
    std::int64_t multipliers[panel_units];
    std::int64_t shifts[panel_units];
  };

  /// The first `Count` of a panel's numbers.
  template <std::size_t Count, class From, class To>
  static void copy_numbers(From from, To* to) {
    std::copy_n(from, Count, to);
    std::fill_n(to + Count, panel_units - Count, To{0});
  }

  /// f(offset, load, load of weights) for registers that cover `Length` bytes. What is left of them
  /// comes with the whole register that it ends, if there is one, and weights of zero for the
  /// bytes that have been seen.
  template <std::size_t Length, class F>
  [[gnu::always_inline]] static inline void for_each_register(F&& f) {
    constexpr std::size_t lanes = width<Length>;
    constexpr std::size_t tail = Length % lanes;
    const auto whole = [](const std::int8_t* from) __attribute__((always_inline)) {
      return load<std::int8_t, lanes>(from);
    };
    for (std::size_t i = 0; i + lanes <= Length; i += lanes) {
      f(i, whole, whole);
    }
    if constexpr (tail > 0 && Length > lanes) {
      f(
          Length - lanes, whole, [](const std::int8_t* from) __attribute__((always_inline)) {
            return load<std::int8_t, lanes>(from) & last_lanes<lanes, tail>();
          });
    } else if constexpr (tail > 0) {
      const auto part = [](const std::int8_t* from) __attribute__((always_inline)) {
        return load_bytes<lanes, tail>(from);
      };
      f(0, part, part);
    }
  }

  template <std::size_t Lanes, std::size_t Count>
  [[gnu::always_inline]] static inline vector<std::int8_t, Lanes> last_lanes() {
    return []<std::size_t... Lane>(std::index_sequence<Lane...>) __attribute__((always_inline)) {
      return vector<std::int8_t, Lanes>{
          static_cast<std::int8_t>(Lane >= Lanes - Count ? -1 : 0)...};
    }
    (std::make_index_sequence<Lanes>{});
  }

  /// totals[r * panel_units + u] = the sum of (x[r] - base) weights[u].
  template <std::size_t Rows, std::size_t Units, std::size_t Inputs>
  [[gnu::always_inline]] static inline void
  dot_block(const std::int8_t* x, const std::int8_t* weights, std::int32_t zero_point,
            std::int32_t* totals) {
    using dot = dot_int8<width<Inputs>>;
    typename dot::sums sums[Rows * Units]{};
    for_each_register<Inputs>([&](std::size_t i, auto load_x,
                                  auto load_w) __attribute__((always_inline)) {
      typename dot::inputs values[Rows];
      unrolled<Rows>(
          [&](auto r) { values[r] = dot::prepare(load_x(x + r * Inputs + i), zero_point); });
      unrolled<Units>([&](auto u) {
        const auto w = dot::widen(load_w(weights + u * Inputs + i));
        unrolled<Rows>(
            [&](auto r) { sums[r * Units + u] = dot::add(sums[r * Units + u], values[r], w); });
      });
    });
    unrolled<Rows>([&](auto r) {
      sums_of_lanes<Units, std::int32_t, width<Inputs> / 4>(sums + r * Units,
                                                            totals + r * panel_units);
    });
  }

  /// f(first unit, integral_constant of how many) for the blocks of a panel.
  template <std::size_t Units, class F>
  [[gnu::always_inline]] static inline void for_each_block(F&& f) {
    unrolled<Units / block_units>([&](auto i) __attribute__((always_inline)) {
      f(i * block_units, std::integral_constant<std::size_t, block_units>{});
    });
    if constexpr (Units % block_units > 0) {
      f(Units - Units % block_units, std::integral_constant<std::size_t, Units % block_units>{});
    }
  }

  /// The sum of (x - zero point) w is that of (x - base) w and (base - zero point) times the sum of
  /// the weights.
  template <std::size_t Units, std::size_t Inputs, class Product>
  static void fold_base(const Product& layer, std::size_t first, panel& numbers) {
    using dot = dot_int8<width<Inputs>>;
    if constexpr (dot::has_fixed_base) {
      if (layer.input_zero_point == dot::fixed_base) {
        return;
      }
      std::int32_t totals[panel_units]{};
      const auto ones = broadcast<std::int8_t, width<Inputs>>(1);
      for_each_block<Units>([&](std::size_t unit, auto count) __attribute__((always_inline)) {
        typename dot::sums sums[count]{};
        const std::int8_t* weights = layer.weights + (first + unit) * Inputs;
        for_each_register<Inputs>([&](std::size_t i, auto,
                                      auto load_w) __attribute__((always_inline)) {
          unrolled<count>(
              [&](auto u) { sums[u] = dot::add(sums[u], ones, load_w(weights + u * Inputs + i)); });
        });
        sums_of_lanes<count, std::int32_t, width<Inputs> / 4>(sums, totals + unit);
      });
      for (std::size_t u = 0; u < Units; ++u) {
        // The bias alone may leave 32 bits, its sum with that of products does not.
        numbers.bias[u] = static_cast<std::int32_t>(
            static_cast<std::uint32_t>(numbers.bias[u]) +
            static_cast<std::uint32_t>((dot::fixed_base - layer.input_zero_point) * totals[u]));
      }
    }
  }

  /// y[u ... u + Count) = the codes of sums that `numbers` belong to.
  template <class Rounding, std::size_t Count, class Product>
  [[gnu::always_inline]] static inline void requantize(const std::int32_t* totals,
                                                       const Product& layer, const panel& numbers,
                                                       std::size_t u, std::int8_t* y) {
    const auto scaled = steps::template multiply<Rounding>(
        steps::sum(totals + u, numbers.bias + u),
        load<std::int64_t, steps::lanes>(numbers.multipliers + u),
        load<std::int64_t, steps::lanes>(numbers.shifts + u));
    const auto code = steps::clamp(scaled + steps::all(layer.output_zero_point),
                                   steps::all(layer.lowest), steps::all(layer.highest));
    store<std::int8_t, steps::lanes, Count>(
        y + u, __builtin_convertvector(code, vector<std::int8_t, steps::lanes>));
  }

  template <class Rounding, std::size_t Units, class Product>
  [[gnu::always_inline]] static inline void requantize_panel(const std::int32_t* totals,
                                                             const Product& layer,
                                                             const panel& numbers, std::int8_t* y) {
    constexpr std::size_t tail = Units % steps::lanes;
    for (std::size_t u = 0; u + steps::lanes <= Units; u += steps::lanes) {
      requantize<Rounding, steps::lanes>(totals, layer, numbers, u, y);
    }
    if constexpr (tail > 0) {
      requantize<Rounding, tail>(totals, layer, numbers, Units - tail, y);
    }
  }

  /// The sums of a panel for `Rows` rows; zero in the rest of the last lanes.
  template <std::size_t Rows, std::size_t Units, std::size_t Inputs, class Product>
  [[gnu::always_inline]] static inline void dot_panel(const std::int8_t* x, const Product& layer,
                                                      std::size_t first, std::int32_t* totals) {
    for_each_block<Units>([&](std::size_t unit, auto count) __attribute__((always_inline)) {
      dot_block<Rows, count, Inputs>(x, layer.weights + (first + unit) * Inputs,
                                     layer.input_zero_point, totals + unit);
    });
    unrolled<Rows>(
        [&](auto r) { std::fill_n(totals + r * panel_units + Units, in_lanes<Units> - Units, 0); });
  }

  template <class Rounding, std::size_t Units, std::size_t Inputs, std::size_t Outputs,
            std::size_t Largest, class Product>
  static void units(std::size_t rows, const std::int8_t* x, const Product& layer, std::size_t first,
                    std::int8_t* y) {
    panel numbers;
    copy_numbers<Units>(layer.bias + first, numbers.bias);
    copy_numbers<Units>(layer.multipliers + first, numbers.multipliers);
    copy_numbers<Units>(layer.shifts + first, numbers.shifts);
    fold_base<Units, Inputs>(layer, first, numbers);
    if constexpr (Largest == 1) {
      for (; rows >= block_rows; rows -= block_rows) {
        std::int32_t totals[block_rows * panel_units];
        dot_panel<block_rows, Units, Inputs>(x, layer, first, totals);
        for (std::size_t r = 0; r < block_rows; ++r) {
          requantize_panel<Rounding, Units>(totals + r * panel_units, layer, numbers, y + first);
          y += Outputs;
        }
        x += block_rows * Inputs;
      }
    }
    for (; rows > 0; --rows) {
      std::int32_t totals[Largest * panel_units];
      unrolled<Largest / block_rows>([&](auto block) {
        dot_panel<block_rows, Units, Inputs>(x + block * block_rows * Inputs, layer, first,
                                             totals + block * block_rows * panel_units);
      });
      if constexpr (Largest % block_rows > 0) {
        constexpr std::size_t done = Largest - Largest % block_rows;
        dot_panel<Largest % block_rows, Units, Inputs>(x + done * Inputs, layer, first,
                                                       totals + done * panel_units);
      }
      for (std::size_t r = 1; r < Largest; ++r) {
        for (std::size_t u = 0; u < in_lanes<Units>; ++u) {
          totals[u] = std::max(totals[u], totals[r * panel_units + u]);
        }
      }
      requantize_panel<Rounding, Units>(totals, layer, numbers, y + first);
      x += Largest * Inputs;
      y += Outputs;
    }
  }

public:
  /// As the plain loops.
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Product>
  static constexpr void forward(std::size_t rows, const std::int8_t* x, const Product& layer,
                                std::int8_t* y) {
    if (std::is_constant_evaluated()) {
      return dense_int8<isa::generic>::forward<Rounding, Inputs, Outputs>(rows, x, layer, y);
    }
    largest<Rounding, Inputs, Outputs, 1>(rows, x, layer, y);
  }

  /// The same for the largest sum of each unit over `Largest` rows that follow one another in x.
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, std::size_t Largest,
            class Product>
  static void largest(std::size_t rows, const std::int8_t* x, const Product& layer,
                      std::int8_t* y) {
    static_assert(Inputs <= 65536,
                  "mote: a sum of more than 65536 int8 products may leave 32 bits");
    constexpr std::size_t tail = Outputs % panel_units;
    for (std::size_t o = 0; o + panel_units <= Outputs; o += panel_units) {
      units<Rounding, panel_units, Inputs, Outputs, Largest>(rows, x, layer, o, y);
    }
    if constexpr (tail > 0) {
      units<Rounding, tail, Inputs, Outputs, Largest>(rows, x, layer, Outputs - tail, y);
    }
  }
};

} // namespace mote::kernels
