// The quantized dense product with constant weights by Arm's DSP extension.
#pragma once

#include <mote/core/policy.hpp>
#include <mote/kernels/arm_dsp/instructions.hpp>
#include <mote/kernels/generic/dense_int8.hpp>
#include <mote/kernels/requantize.hpp>
#include <mote/kernels/unrolled.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace mote::kernels {

namespace arm_dsp {

/// How the weights of two rows a, b for four inputs lie in two words.
enum class packing {
  /// Bytes of a, bytes of b: 4 extensions and 4 SMLAD for 8 products.
  bytes,
  /// Lanes of 256 b + a, inputs 0 and 2, then 1 and 3. SMLAD with the lanes gives S = 256 B + A,
  /// with
  /// their lower bytes T = A, so that A = T and B = (S - T) / 256: 2 extensions and 4 SMLAD.
  /// Exact modulo 2^32 for A, and for B if it has 24 bits.
  lanes
};

/// The sums of 2 x Pairs rows over the inputs from `x` to `end`, a positive multiple of 4 x Step,
/// and then Rest < 4 more, doubled.
/// `table` holds two words per pair to start from, then two per pair for each four inputs; returns
/// where it ends. A function of its own, so that the layers of a network share it.
template <packing Packing, std::size_t Pairs, std::size_t Step, std::size_t Rest>
[[gnu::noinline]] constexpr const std::uint32_t*
add_rows(const std::uint32_t* table, const std::int8_t* x, const std::int8_t* end,
         std::int32_t* sums) {
  std::int32_t first[Pairs]{};
  std::int32_t second[Pairs]{};
  unrolled<Pairs>([&](auto p) __attribute__((always_inline)) {
    const word_pair start = load_pair(table);
    first[p] = static_cast<std::int32_t>(start.first);
    second[p] = static_cast<std::int32_t>(start.second);
  });
  const auto add = [&](std::uint32_t inputs) __attribute__((always_inline)) {
    const std::uint32_t even = even_bytes(inputs);
    const std::uint32_t odd = odd_bytes(inputs);
    unrolled<Pairs>([&](auto p) __attribute__((always_inline)) {
      const word_pair weights = load_pair(table);
      if constexpr (Packing == packing::lanes) {
        second[p] = smlad(weights.first, even, second[p]);
        first[p] = smlad(even_bytes(weights.first), even, first[p]);
        second[p] = smlad(weights.second, odd, second[p]);
        first[p] = smlad(even_bytes(weights.second), odd, first[p]);
      } else {
        first[p] = smlad(even_bytes(weights.first), even, first[p]);
        first[p] = smlad(odd_bytes(weights.first), odd, first[p]);
        second[p] = smlad(even_bytes(weights.second), even, second[p]);
        second[p] = smlad(odd_bytes(weights.second), odd, second[p]);
      }
    });
  };
  do {
    unrolled<Step>([&](auto) __attribute__((always_inline)) {
      add(load_bytes(x));
      x += 4;
      if constexpr (Step > 1) {
        in_order(x, first[Pairs - 1]);
      }
    });
  } while (x != end);
  if constexpr (Rest > 0) {
    add(load_bytes<Rest>(x));
  }
  unrolled<Pairs>([&](auto p) __attribute__((always_inline)) {
    sums[2 * p] = 2 * first[p];
    sums[2 * p + 1] = Packing == packing::lanes ? (second[p] - first[p]) >> 7 : 2 * second[p];
  });
  return table;
}

/// The same for a single row, whose weights are bytes.
template <std::size_t Rest>
[[gnu::noinline]] constexpr std::int32_t add_row(const std::uint32_t* table, const std::int8_t* x,
                                                 const std::int8_t* end) {
  auto sum = static_cast<std::int32_t>(*table++);
  const auto add = [&](std::uint32_t inputs) __attribute__((always_inline)) {
    const std::uint32_t weights = *table++;
    sum = smlad(even_bytes(weights), even_bytes(inputs), sum);
    sum = smlad(odd_bytes(weights), odd_bytes(inputs), sum);
  };
  do {
    add(load_bytes(x));
    x += 4;
  } while (x != end);
  if constexpr (Rest > 0) {
    add(load_bytes<Rest>(x));
  }
  return 2 * sum;
}

/// What the kernel keeps of a layer's constants, in the order in which it reads them.
template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
struct dense_table {
  using scaling = requantization<Rounding, Constants>;

  /// For each block of rows what its sums start from and its weights, padded to four inputs.
  std::array<std::uint32_t, Outputs*(1 + (Inputs + 3) / 4)> words;
  std::array<std::int32_t, Outputs> multipliers;
  std::array<std::uint8_t, Outputs> shifts; ///< exponent - 1

  static constexpr packing rows_packing = [] {
    for (std::size_t o = 0; o + 1 < Outputs; o += 2) {
      // 256 x 127 + 127 is a lane, 256 x -128 - 1 is not.
      if (scaling::magnitude(o + 1) >= 1 << 23 ||
          scaling::constants::channels[o + 1].has_lowest_weight) {
        return packing::bytes;
      }
    }
    return packing::lanes;
  }();

  /// Pairs of rows that share a pass over the input when `left` rows are left: three, whose sums
  /// fit the registers, or two where one would be left alone, since it costs code of its own.
  static constexpr std::size_t pairs(std::size_t left) {
    return left >= 9 || left == 6 || left == 7 ? 3 : left >= 4 ? 2 : left / 2;
  }

  /// How many blocks of so many pairs there are.
  static constexpr std::size_t blocks(std::size_t of_pairs) {
    std::size_t count = 0;
    for (std::size_t left = Outputs; pairs(left) != 0; left -= 2 * pairs(left)) {
      count += pairs(left) == of_pairs ? 1 : 0;
    }
    return count;
  }

  // Pointers and no functions: the compiler remembers what every call in here gave.
  static constexpr dense_table make() {
    dense_table result{};
    std::uint32_t* to = result.words.data();
    for (std::size_t o = 0; o < Outputs;) {
      const std::size_t count = pairs(Outputs - o);
      if (count == 0) {
        to[0] = static_cast<std::uint32_t>(scaling::folded_bias(o));
        pack_bytes(o, to + 1, 1);
        break;
      }
      for (std::size_t p = 0; p < count; ++p, o += 2) {
        const auto first = static_cast<std::uint32_t>(scaling::folded_bias(o));
        const auto second = static_cast<std::uint32_t>(scaling::folded_bias(o + 1));
        to[2 * p] = first;
        std::uint32_t* words = to + 2 * (count + p);
        if (rows_packing == packing::lanes) {
          to[2 * p + 1] = 256 * second + first;
          pack_lanes(o, words, 2 * count);
        } else {
          to[2 * p + 1] = second;
          pack_bytes(o, words, 2 * count);
          pack_bytes(o + 1, words + 1, 2 * count);
        }
      }
      to += 2 * count * (1 + (Inputs + 3) / 4);
    }
    for (std::size_t o = 0; o < Outputs; ++o) {
      result.multipliers[o] = scaling::at(o).multiplier;
      result.shifts[o] = static_cast<std::uint8_t>(scaling::at(o).exponent - 1);
    }
    return result;
  }

private:
  /// Row `o`, a word for four inputs every `step` words.
  static constexpr void pack_bytes(std::size_t o, std::uint32_t* to, std::size_t step) {
    const std::int8_t* row = Constants::value.weights.data() + o * Inputs;
    for (std::size_t i = 0; i < Inputs; ++i) {
      to[i / 4 * step] |= (static_cast<std::uint32_t>(row[i]) & 0xFF) << (i % 4 * 8);
    }
  }
  /// Rows `o` and o + 1, two words for four inputs every `step` words.
  static constexpr void pack_lanes(std::size_t o, std::uint32_t* to, std::size_t step) {
    const std::int8_t* row = Constants::value.weights.data() + o * Inputs;
    for (std::size_t i = 0; i < Inputs; ++i) {
      const int lane = 256 * row[Inputs + i] + row[i];
      to[i / 4 * step + i % 2] |= (static_cast<std::uint32_t>(lane) & 0xFFFF) << (i % 4 / 2 * 16);
    }
  }
};

/// y = W x + b for constant weights: two rows in one word, six rows in one pass over the input,
/// which is widened on the fly. Its zero point has gone into the bias.
struct constant_dense_int8 {
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr bool fits = Inputs >= 4 && requantization<Rounding, Constants>::fits;

  /// Of all that is kept instead of the layer's parameters.
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr std::size_t
      flash_bytes = sizeof(dense_table<Rounding, Inputs, Outputs, Constants>);

  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  [[gnu::noinline]] static constexpr void forward(std::size_t rows, const std::int8_t* x,
                                                  std::int8_t* y) {
    using table = dense_table<Rounding, Inputs, Outputs, Constants>;
    // Words of inputs in one turn of the loop.
    constexpr std::size_t step = !optimizes_size && Inputs / 4 % 2 == 0 ? 2 : 1;
    for (std::size_t row = 0; row < rows; ++row) {
      const std::uint32_t* words = constants<table>.words.data();
      std::size_t o = 0;
      unrolled<3>([&](auto i) __attribute__((always_inline)) {
        constexpr std::size_t pairs = 3 - i;
        if constexpr (table::blocks(pairs) > 0) {
          std::int32_t sums[2 * pairs];
          for (const std::size_t last = o + 2 * pairs * table::blocks(pairs); o < last;) {
            words = add_rows<table::rows_packing, pairs, step, Inputs % 4>(
                words, x, x + Inputs / 4 * 4, sums);
            for (const std::int32_t sum : sums) {
              y[o] = code<table>(sum, o);
              ++o;
            }
          }
        }
      });
      if constexpr (Outputs % 2 != 0) {
        y[o] = code<table>(add_row<Inputs % 4>(words, x, x + Inputs / 4 * 4), o);
      }
      x += Inputs;
      y += Outputs;
    }
  }

private:
  template <class Table>
  static constexpr Table constants = Table::make();

  template <class Table>
  [[gnu::always_inline]] static constexpr std::int8_t code(std::int32_t sum, std::size_t o) {
    return Table::scaling::template code<isa::arm_dsp>(sum, constants<Table>.multipliers[o],
                                                       constants<Table>.shifts[o]);
  }
};

} // namespace arm_dsp

template <>
struct constant_dense_int8<isa::arm_dsp, balanced> : arm_dsp::constant_dense_int8 {};
template <>
struct constant_dense_int8<isa::arm_dsp, fastest> : arm_dsp::constant_dense_int8 {};

} // namespace mote::kernels
