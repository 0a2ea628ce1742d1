// Two products with one 32-bit multiplication, for cores without SIMD.
//
// The weights of two rows share a word, upper 2^16 + lower, and so does what x
// makes of them: x (upper 2^16 + lower) = (x upper) 2^16 + x lower. Two such
// products can be added before the lower sum may leave its 16 bits, as 2 x 128
// x 127 < 2^15; then the word is split.
#pragma once

#include <mote/kernels/unrolled.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels::scalar32 {

/// How many pairs of rows the registers have room for.
#if defined(__riscv)
inline constexpr std::size_t most_pairs = 3;
#else
inline constexpr std::size_t most_pairs = 2;
#endif

/// How many windows share the loads of weights, if they can.
#if defined(__riscv)
inline constexpr std::size_t most_inputs = 2;
#else
inline constexpr std::size_t most_inputs = 1;
#endif

/// How many products are added in one word.
inline constexpr std::size_t lane_columns = 2;

/// Half of a lower lane: added to make it positive, so that the upper one needs
/// no borrow.
inline constexpr std::uint32_t half_lane = 0x8000;

/// Whether the sum of any two products of these weights with int8 stays within
/// a lane. Only pairs of -128 do not, which no quantizer of symmetric weights
/// makes.
constexpr bool fits_lane(const std::int8_t* weights, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (weights[i] == -128) {
      return false;
    }
  }
  return true;
}

constexpr std::uint32_t pack_lanes(std::int32_t lower, std::int32_t upper) {
  return static_cast<std::uint32_t>(upper) * 0x10000 + static_cast<std::uint32_t>(lower);
}

/// A value of which the compiler knows nothing: it would load constants one by
/// one and unroll what is long enough.
template <class T>
[[gnu::always_inline]] constexpr T opaque(T value) {
#if defined(__GNUC__)
  if (!std::is_constant_evaluated()) {
    __asm__("" : "+r"(value));
  }
#endif
  return value;
}

/// The sums of a pair of rows for one input after the other.
struct lane_sum {
  std::uint32_t words; // of whole words, modulo 2^32
  std::int32_t uppers; // of their upper lanes
};

/// Adds the sums of a word's two lanes: all of it and the upper one.
[[gnu::always_inline]] constexpr void split(std::uint32_t word, lane_sum& sum) {
  sum.words += word;
  sum.uppers += static_cast<std::int32_t>(word + half_lane) >> 16;
}

/// For each input p adds x[p][0] w[0] + x[p][1] w[1], and moves w behind them.
/// In assembly, since GCC 12 loads far ahead of the uses and then runs out of
/// registers. Where split_excess is half, this much more is added to `words`.
#if defined(__thumb2__)
inline constexpr std::uint32_t split_excess = half_lane;

template <std::size_t Inputs>
[[gnu::always_inline]] inline void add_two(const std::int32_t (&x)[Inputs][2],
                                           const std::uint32_t*& w, std::uint32_t half,
                                           lane_sum (&sums)[Inputs]) {
  static_assert(Inputs == 1);
  std::uint32_t a;
  std::uint32_t b;
  lane_sum sum = sums[0];
  __asm__(
      "ldrd %[a], %[b], [%[w]], #8\n\t"
      "mla %[a], %[a], %[x0], %[half]\n\t"
      "mla %[a], %[b], %[x1], %[a]\n\t"
      "add %[words], %[a]\n\t"
      "add %[uppers], %[uppers], %[a], asr #16"
      : [w] "+r"(w), [words] "+r"(sum.words), [uppers] "+r"(sum.uppers), [a] "=&r"(a), [b] "=&r"(b)
      : [x0] "r"(x[0][0]), [x1] "r"(x[0][1]), [half] "r"(half),
        "m"(*reinterpret_cast<const std::uint32_t(*)[2]>(w)));
  sums[0] = sum;
}
#elif defined(__riscv_mul) && __riscv_xlen == 32
inline constexpr std::uint32_t split_excess = half_lane;

template <std::size_t Inputs>
[[gnu::always_inline]] inline void add_two(const std::int32_t (&x)[Inputs][2],
                                           const std::uint32_t*& w, std::uint32_t half,
                                           lane_sum (&sums)[Inputs]) {
  std::uint32_t w0;
  std::uint32_t w1;
  __asm__ volatile("lw %[w0], %[m0]\n\t"
                   "lw %[w1], %[m1]"
                   : [w0] "=&r"(w0), [w1] "=r"(w1)
                   : [m0] "m"(w[0]), [m1] "m"(w[1]));
  unrolled<Inputs>([&](auto p) __attribute__((always_inline)) {
    std::uint32_t a;
    std::uint32_t b;
    lane_sum sum = sums[p];
    __asm__ volatile(
        "mul %[a], %[w0], %[x0]\n\t"
        "mul %[b], %[w1], %[x1]\n\t"
        "add %[a], %[a], %[half]\n\t"
        "add %[a], %[a], %[b]\n\t"
        "add %[words], %[words], %[a]\n\t"
        "srai %[a], %[a], 16\n\t"
        "add %[uppers], %[uppers], %[a]"
        : [words] "+r"(sum.words), [uppers] "+r"(sum.uppers), [a] "=&r"(a), [b] "=&r"(b)
        : [w0] "r"(w0), [w1] "r"(w1), [x0] "r"(x[p][0]), [x1] "r"(x[p][1]), [half] "r"(half));
    sums[p] = sum;
  });
  w += 2;
}
#else
inline constexpr std::uint32_t split_excess = 0;

template <std::size_t Inputs>
[[gnu::always_inline]] constexpr void add_two(const std::int32_t (&x)[Inputs][2],
                                              const std::uint32_t*& w, std::uint32_t,
                                              lane_sum (&sums)[Inputs]) {
  unrolled<Inputs>([&](auto p) __attribute__((always_inline)) {
    split(static_cast<std::uint32_t>(x[p][0]) * w[0] + static_cast<std::uint32_t>(x[p][1]) * w[1],
          sums[p]);
  });
  w += 2;
}
#endif

#if defined(__thumb__) && !defined(__thumb2__) && defined(__OPTIMIZE__)
#  define MOTE_ASSEMBLY_LOOPS 1
// One pair of rows: r3, r4 and the flags are free. The shift leaves the sign of
// the lower lane, which is what the upper one lacks, in the carry.
#  define MOTE_SPLIT(pair, words)                                                                  \
    "add " words ", r3\n\t"                                                                        \
    "asrs r3, r3, #16\n\t"                                                                         \
    "adcs %[upper" pair "], r3\n\t"
#  define MOTE_TWO(pair, words)                                                                    \
    "ldmia %[w]!, {r3, r4}\n\t"                                                                    \
    "muls r3, %[x0]\n\t"                                                                           \
    "muls r4, %[x1]\n\t"                                                                           \
    "adds r3, r3, r4\n\t" MOTE_SPLIT(pair, words)
#  define MOTE_ONE(pair, words)                                                                    \
    "ldmia %[w]!, {r3}\n\t"                                                                        \
    "muls r3, %[x0]\n\t" MOTE_SPLIT(pair, words)
#  define MOTE_LOAD(into, offset)                                                                  \
    "ldrb %[" into "], [%[x], #" offset "]\n\t"                                                    \
    "sxtb %[" into "], %[" into "]\n\t"
#  if defined(__OPTIMIZE_SIZE__) // GCC then does not know the upper registers
#    define MOTE_SAVE                                                                              \
      "mov r3, r8\n\t"                                                                             \
      "mov r4, r9\n\t"                                                                             \
      "push {r3, r4}\n\t"                                                                          \
      "mov r3, r10\n\t"                                                                            \
      "mov r4, r11\n\t"                                                                            \
      "push {r3, r4}\n\t"
#    define MOTE_RESTORE                                                                           \
      "pop {r3, r4}\n\t"                                                                           \
      "mov r10, r3\n\t"                                                                            \
      "mov r11, r4\n\t"                                                                            \
      "pop {r3, r4}\n\t"                                                                           \
      "mov r8, r3\n\t"                                                                             \
      "mov r9, r4\n\t"
#    define MOTE_CLOBBERS
#  else
#    define MOTE_SAVE
#    define MOTE_RESTORE
#    define MOTE_CLOBBERS "r8", "r9", "r10", "r11",
#  endif
#  define MOTE_COLUMNS(first, second)                                                              \
    MOTE_LOAD("x0", first)                                                                         \
    MOTE_LOAD("x1", second)                                                                        \
    MOTE_TWO("0", "r8")                                                                            \
    ".if %c[pairs] == 2\n\t" MOTE_TWO("1", "r9") ".endif\n"                                        \
                                                 "\t"

/// Armv6-M: GCC 12 would move most operands to and fro between the lower and
/// the upper registers.
template <std::size_t Pairs, std::size_t Rows, std::size_t Columns, std::size_t Stride>
[[gnu::always_inline]] inline void add_rows(const std::int8_t* x, const std::uint32_t*& w,
                                            lane_sum (&sums)[2]) {
  constexpr std::size_t looped = Columns / 8 * 8;
  // First where x ends, and where the loop in a row does; then the words.
  const std::int8_t* a = x + Rows * Stride;
  const std::int8_t* b = x + looped;
  std::int32_t upper0 = 0;
  std::int32_t upper1 = 0;
  // clang-format off
  __asm__(".syntax unified\n\t"
          MOTE_SAVE
          "mov r11, %[x0]\n\t"
          "mov r10, %[x1]\n\t"
          "movs r3, #0\n\t"
          "mov r8, r3\n\t"
          "mov r9, r3\n\t"
          "2:\n\t"
          ".if %c[looped] > 0\n\t"
          "1:\n\t"
          MOTE_COLUMNS("0", "1") MOTE_COLUMNS("2", "3") MOTE_COLUMNS("4", "5") MOTE_COLUMNS("6", "7")
          "adds %[x], #8\n\t"
          "cmp %[x], r10\n\t"
          "bne 1b\n\t"
          ".endif\n\t"
          ".if %c[rest] >= 2\n\t" MOTE_COLUMNS("0", "1") ".endif\n\t"
          ".if %c[rest] >= 4\n\t" MOTE_COLUMNS("2", "3") ".endif\n\t"
          ".if %c[rest] >= 6\n\t" MOTE_COLUMNS("4", "5") ".endif\n\t"
          ".if %c[rest] & 1\n\t" MOTE_LOAD("x0", "%c[rest] - 1") MOTE_ONE("0", "r8")
          ".if %c[pairs] == 2\n\t" MOTE_ONE("1", "r9") ".endif\n\t"
          ".endif\n\t"
          ".if %c[rows] > 1\n\t"
          ".rept %c[skip] / 255\n\t"
          "adds %[x], #255\n\t"
          ".endr\n\t"
          "adds %[x], #%c[skip] %% 255\n\t"
          "movs r3, %[x]\n\t"
          "adds r3, #%c[looped]\n\t"
          "mov r10, r3\n\t"
          "cmp %[x], r11\n\t"
          "beq 3f\n\t"
          "b 2b\n\t"
          "3:\n\t"
          ".endif\n\t"
          "mov %[x0], r8\n\t"
          "mov %[x1], r9\n\t"
          MOTE_RESTORE
          ".syntax divided"
          : [x] "+l"(x), [w] "+l"(w), [upper0] "+l"(upper0), [upper1] "+l"(upper1),
            [x0] "+l"(a), [x1] "+l"(b)
          : [skip] "n"(Stride - looped), [pairs] "n"(Pairs), [rows] "n"(Rows),
            [looped] "n"(looped), [rest] "n"(Columns % 8)
          : "r3", "r4", MOTE_CLOBBERS "cc", "memory");
  sums[0] = {reinterpret_cast<std::uintptr_t>(a), upper0};
  sums[1] = {reinterpret_cast<std::uintptr_t>(b), upper1};
  // clang-format on
}
#  undef MOTE_COLUMNS
#  undef MOTE_LOAD
#  undef MOTE_ONE
#  undef MOTE_TWO
#  undef MOTE_SPLIT
#else
#  define MOTE_ASSEMBLY_LOOPS 0
#endif

/// Whether windows of so many inputs are unrolled as a whole, as if they were
/// one row.
template <std::size_t Rows, std::size_t Columns>
inline constexpr bool is_unrolled = !MOTE_ASSEMBLY_LOOPS && Rows * Columns <= 32;

/// The sums of `Pairs` pairs of rows of weights over `Rows` x `Columns` inputs,
/// the rows of inputs `Stride` apart, for `Inputs` such windows, `Next` apart.
/// The weights are packed [Rows][Columns / 2][Pairs][2], with the odd columns'
/// [Pairs] at the end of each row.
template <std::size_t Pairs, std::size_t Rows, std::size_t Columns, std::size_t Stride,
          std::size_t Inputs = 1, std::size_t Next = 0>
struct lane_sums {
  lane_sum sums[Inputs][Pairs];

  /// From the inputs at x; w is moved behind its words.
  [[gnu::always_inline]] constexpr lane_sums(const std::int8_t* x, const std::uint32_t*& w) {
    constexpr std::size_t rows = is_unrolled<Rows, Columns> ? 1 : Rows;
    constexpr std::size_t columns = Rows * Columns / rows;
    if (std::is_constant_evaluated()) {
      add_plainly<rows, columns>(x, w);
      return;
    }
#if MOTE_ASSEMBLY_LOOPS
    static_assert(Inputs == 1);
    lane_sum both[2];
    add_rows<Pairs, Rows, Columns, Stride>(x, w, both);
    unrolled<Pairs>([&](auto q) { sums[0][q] = both[q]; });
#else
    const std::uint32_t half = opaque(half_lane); // in a register
    unrolled<Inputs>([&](auto p) {
      unrolled<Pairs>([&](auto q) {
        sums[p][q] = {0 - static_cast<std::uint32_t>(rows * (columns / 2)) * split_excess, 0};
      });
    });
    constexpr std::size_t step = columns <= 32 ? columns : 8;
    constexpr std::size_t rest = columns % step;
    for (std::size_t row = 0; row < rows; ++row) {
      if constexpr (columns == step) {
        add<columns>(x, w, half);
      } else {
        for (const std::int8_t* end = x + (columns - rest); x != end; x += step) {
          add<step>(x, w, half);
        }
        add<rest>(x, w, half);
        x -= columns - rest;
      }
      x += Stride;
    }
#endif
  }

  /// The sum of row `Row` of weights.
  template <std::size_t Row>
  [[gnu::always_inline]] constexpr std::int32_t sum(std::size_t input = 0) const {
    const lane_sum& both = sums[input][Row / 2];
    if constexpr (Row % 2 == 1) {
      return both.uppers;
    }
    return static_cast<std::int32_t>(both.words -
                                     static_cast<std::uint32_t>(both.uppers) * 0x10000);
  }

private:
  static constexpr std::size_t offset(std::size_t column) {
    return is_unrolled<Rows, Columns> ? column / Columns * Stride + column % Columns : column;
  }

  template <std::size_t RowCount, std::size_t ColumnCount>
  constexpr void add_plainly(const std::int8_t* x, const std::uint32_t*& w) {
    for (auto& of_input : sums) {
      for (auto& sum : of_input) {
        sum = {};
      }
    }
    for (std::size_t row = 0; row < RowCount; ++row) {
      for (std::size_t column = 0; column < ColumnCount; column += 2) {
        const std::size_t count = std::min<std::size_t>(2, ColumnCount - column);
        for (std::size_t q = 0; q < Pairs; ++q) {
          for (std::size_t p = 0; p < Inputs; ++p) {
            std::uint32_t word = 0;
            for (std::size_t c = 0; c < count; ++c) {
              const std::int32_t input = x[row * Stride + p * Next + offset(column + c)];
              word += static_cast<std::uint32_t>(input) * w[c];
            }
            split(word, sums[p][q]);
          }
          w += count;
        }
      }
    }
  }

#if !MOTE_ASSEMBLY_LOOPS
  template <std::size_t Count>
  [[gnu::always_inline]] constexpr void add(const std::int8_t* x, const std::uint32_t*& w,
                                            std::uint32_t half) {
    unrolled<Count / 2>([&](auto i) __attribute__((always_inline)) {
      std::int32_t inputs[Inputs][2];
      unrolled<Inputs>([&](auto p) __attribute__((always_inline)) {
        inputs[p][0] = x[p * Next + offset(2 * i)];
        inputs[p][1] = x[p * Next + offset(2 * i + 1)];
      });
      unrolled<Pairs>([&](auto q) __attribute__((always_inline)) {
        lane_sum of_pair[Inputs]; // a copy, which GCC keeps in registers
        unrolled<Inputs>([&](auto p) { of_pair[p] = sums[p][q]; });
        add_two(inputs, w, half, of_pair);
        unrolled<Inputs>([&](auto p) { sums[p][q] = of_pair[p]; });
      });
    });
    if constexpr (Count % 2 != 0) {
      unrolled<Pairs>([&](auto q) __attribute__((always_inline)) {
        unrolled<Inputs>([&](auto p) __attribute__((always_inline)) {
          const std::int32_t input = x[p * Next + offset(Count - 1)];
          split(static_cast<std::uint32_t>(input) * *w, sums[p][q]);
        });
        ++w;
      });
    }
  }
#endif
};

} // namespace mote::kernels::scalar32
