// Two products with one 32-bit multiplication, for cores without SIMD.
//
// The weights of two rows share a word, upper 2^16 + lower, and so does what x
// makes of them: x (upper 2^16 + lower) = (x upper) 2^16 + x lower. Two such
// products can be added before the lower sum may leave its 16 bits, as 2 x 128
// x 127 < 2^15, or three, if their weights are small enough; then the word is
// split.
#pragma once

#include <mote/kernels/unrolled.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace mote::kernels::scalar32 {

/// How many pairs of rows the registers have room for.
#if defined(__riscv)
inline constexpr std::size_t most_pairs = 3;
#else
inline constexpr std::size_t most_pairs = 2;
#endif

/// How many windows share the loads of weights, if they can: of so many pairs of
/// rows, and of a depthwise convolution.
#if defined(__thumb__) || defined(__OPTIMIZE_SIZE__)
constexpr std::size_t most_inputs(std::size_t) {
  return 1;
}
inline constexpr std::size_t most_pixels = 1;
#else
constexpr std::size_t most_inputs(std::size_t pairs) {
  return pairs > 2 ? 2 : 3;
}
inline constexpr std::size_t most_pixels = 6;
#endif

/// How many products are added in one word, if the weights allow it.
#if defined(__thumb__)
inline constexpr std::size_t widest_group = 2;
#else
inline constexpr std::size_t widest_group = 3;
#endif

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

/// The columns of a matrix of weights in an order in which the products of the first three, of the
/// next three and so on, `threes` times, can be added in a lane; the others two by two.
template <std::size_t Columns>
struct lane_groups {
  std::size_t order[Columns]{};
  std::size_t threes = 0;

  /// How many columns are in the group that begins at place `at` of the order.
  constexpr std::size_t size_at(std::size_t at) const {
    return at < 3 * threes ? 3 : std::min<std::size_t>(2, Columns - at);
  }
  constexpr std::size_t count() const { return threes + (Columns - 3 * threes + 1) / 2; }
  constexpr std::size_t begin_of(std::size_t group) const {
    return group < threes ? 3 * group : 3 * threes + 2 * (group - threes);
  }

  /// Of weights [rows][Columns]. Groups are the first that fit, for the best of some orders to look
  /// in.
  static constexpr lane_groups of(const std::int8_t* weights, std::size_t rows) {
    lane_groups best{};
    for (std::size_t first = 0; first < std::min<std::size_t>(8, Columns); ++first) {
      lane_groups found{};
      for (std::size_t c = 0; c < Columns; ++c) {
        found.order[c] = (first + c) % Columns;
      }
      if (widest_group > 2) {
        found.find_threes(weights, rows);
      }
      if (first == 0 || found.threes > best.threes) {
        best = found;
      }
      if (widest_group == 2 || best.threes == Columns / 3) {
        break;
      }
    }
    return best;
  }

private:
  constexpr void find_threes(const std::int8_t* weights, std::size_t rows) {
    std::size_t alone = 0; // so many at the end of the order fit with no others
    while (3 * threes + alone + 3 <= Columns) {
      if (!find_three(weights, rows, Columns - alone)) {
        ++alone;
        std::swap(order[3 * threes], order[Columns - alone]);
      }
    }
  }

  /// Finds two among the columns before `end` that go with the first that is in no group.
  constexpr bool find_three(const std::int8_t* weights, std::size_t rows, std::size_t end) {
    const std::size_t a = 3 * threes;
    for (std::size_t b = a + 1; b < end; ++b) {
      for (std::size_t c = b + 1; c < end; ++c) {
        if (fits(weights, rows, order[a], order[b], order[c])) {
          std::swap(order[a + 1], order[b]);
          std::swap(order[a + 2], order[c]);
          ++threes;
          return true;
        }
      }
    }
    return false;
  }

  static constexpr bool fits(const std::int8_t* weights, std::size_t rows, std::size_t a,
                             std::size_t b, std::size_t c) {
    for (std::size_t row = 0; row < rows; ++row) {
      const std::int8_t* w = weights + row * Columns;
      const int sum =
          (w[a] < 0 ? -w[a] : w[a]) + (w[b] < 0 ? -w[b] : w[b]) + (w[c] < 0 ? -w[c] : w[c]);
      if (sum * 128 >= 1 << 15) {
        return false;
      }
    }
    return true;
  }
};

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

/// Keeps GCC 12 from loading what comes after it before it, and running out of
/// registers.
[[gnu::always_inline]] constexpr void stay_in_order() {
#if defined(__GNUC__)
  if (!std::is_constant_evaluated()) {
    __asm__ volatile("" ::: "memory");
  }
#endif
}

/// A value that is known before what comes after it is done.
[[gnu::always_inline]] constexpr std::int32_t done_here(std::int32_t value) {
#if defined(__riscv)
  if (!std::is_constant_evaluated()) {
    __asm__ volatile("" : "+r"(value));
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

/// For each input p adds x[p][0] w[0] + ... of a group, and moves w behind them.
/// In assembly, since GCC 12 loads far ahead of the uses and then runs out of
/// registers. Where split_excess is half, this much more is added to `words`.
#if defined(__thumb2__)
inline constexpr std::uint32_t split_excess = half_lane;

template <std::size_t Inputs>
[[gnu::always_inline]] inline void add_group(const std::int32_t (&x)[Inputs][2],
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
#  define MOTE_ASSEMBLY_STEPS 1
inline constexpr std::uint32_t split_excess = half_lane;

/// Loads where they are, not long before.
[[gnu::always_inline]] inline std::uint32_t load_here(const std::uint32_t* w) {
  std::uint32_t word;
  __asm__ volatile("lw %[word], %[m]" : [word] "=r"(word) : [m] "m"(*w));
  return word;
}
/// x[Offset]. GCC would keep such addresses in registers, of which there are not
/// enough.
template <std::size_t Offset>
[[gnu::always_inline]] inline std::int32_t load_here(const std::int8_t* x) {
  if constexpr (Offset < 2048) {
    std::int32_t input;
    __asm__ volatile("lb %[input], %[offset](%[x])"
                     : [input] "=r"(input)
                     : [x] "r"(x), [offset] "i"(Offset),
                       "m"(*reinterpret_cast<const std::int8_t(*)[Offset + 1]>(x)));
    return input;
  } else {
    return x[Offset];
  }
}

/// Adds x[0] w[0] + ... + x[Size - 1] w[Size - 1].
template <std::size_t Size>
[[gnu::always_inline]] inline void add_group(const std::int32_t (&x)[Size],
                                             const std::uint32_t (&w)[Size], std::uint32_t half,
                                             lane_sum& sum) {
  static_assert(Size == 2 || Size == 3);
  std::uint32_t a;
  std::uint32_t b;
  std::uint32_t words = sum.words; // not the whole, which GCC may keep in memory
  std::int32_t uppers = sum.uppers;
  __asm__ volatile("mul %[a], %[w0], %[x0]\n\t"
                   "mul %[b], %[w1], %[x1]\n\t"
                   "add %[a], %[a], %[half]\n\t"
                   "add %[a], %[a], %[b]\n\t"
                   ".if %[size] == 3\n\t"
                   "mul %[b], %[w2], %[x2]\n\t"
                   "add %[a], %[a], %[b]\n\t"
                   ".endif\n\t"
                   "add %[words], %[words], %[a]\n\t"
                   "srai %[a], %[a], 16\n\t"
                   "add %[uppers], %[uppers], %[a]"
                   : [words] "+r"(words), [uppers] "+r"(uppers), [a] "=&r"(a), [b] "=&r"(b)
                   : [w0] "r"(w[0]), [w1] "r"(w[1]), [w2] "r"(w[Size - 1]), [x0] "r"(x[0]),
                     [x1] "r"(x[1]), [x2] "r"(x[Size - 1]), [half] "r"(half), [size] "n"(Size));
  sum.words = words;
  sum.uppers = uppers;
}
#else
inline constexpr std::uint32_t split_excess = 0;

template <std::size_t Inputs, std::size_t Size>
[[gnu::always_inline]] constexpr void add_group(const std::int32_t (&x)[Inputs][Size],
                                                const std::uint32_t*& w, std::uint32_t,
                                                lane_sum (&sums)[Inputs]) {
  unrolled<Inputs>([&](auto p) __attribute__((always_inline)) {
    std::uint32_t word = 0;
    unrolled<Size>([&](auto c) { word += static_cast<std::uint32_t>(x[p][c]) * w[c]; });
    split(word, sums[p]);
  });
  w += Size;
}
#endif

#if !defined(MOTE_ASSEMBLY_STEPS)
#  define MOTE_ASSEMBLY_STEPS 0
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

/// The sums of `Pairs` pairs of rows of the weights of Packed over its
/// window_rows x window_columns inputs, the rows of inputs `Stride` apart, for
/// `Inputs` such windows, `Next` apart. See packed_product for the order of the
/// words.
template <class Packed, std::size_t Pairs, std::size_t Stride, std::size_t Inputs = 1,
          std::size_t Next = 0>
struct lane_sums {
  lane_sum sums[Inputs][Pairs];

  /// From the inputs at x; w is moved behind its words.
  [[gnu::always_inline]] constexpr lane_sums(const std::int8_t* x, const std::uint32_t*& w) {
    if (std::is_constant_evaluated()) {
      start(w);
      add_plainly(x, w);
      return;
    }
#if MOTE_ASSEMBLY_LOOPS
    static_assert(Inputs == 1 && !Packed::has_starts);
    lane_sum both[2];
    add_rows<Pairs, Packed::window_rows, Packed::window_columns, Stride>(x, w, both);
    unrolled<Pairs>([&](auto q) { sums[0][q] = both[q]; });
#else
    const std::uint32_t half = opaque(half_lane); // in a register
    start(w);
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
  static constexpr std::size_t rows = Packed::rows;
  static constexpr std::size_t columns = Packed::columns;

  /// Where the input for place `at` of the order of columns is.
  static constexpr std::size_t offset(std::size_t at) {
    if constexpr (Packed::is_in_one_row) {
      const std::size_t column = Packed::groups.order[at];
      return column / Packed::window_columns * Stride + column % Packed::window_columns;
    }
    return at;
  }

  [[gnu::always_inline]] constexpr void start(const std::uint32_t*& w) {
    unrolled<Pairs>([&](auto q) {
      std::uint32_t words = 0 - Packed::excess;
      std::int32_t uppers = 0;
      if constexpr (Packed::has_starts) {
        words = w[2 * q];
        uppers = static_cast<std::int32_t>(w[2 * q + 1]);
      }
      unrolled<Inputs>([&](auto p) {
        sums[p][q].words = words;
        sums[p][q].uppers = uppers;
      });
    });
    w += Packed::has_starts ? 2 * Pairs : 0;
  }

  constexpr void add_plainly(const std::int8_t* x, const std::uint32_t*& w) {
    for (auto& of_input : sums) {
      for (auto& sum : of_input) {
        sum.words += Packed::excess;
      }
    }
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t at = 0; at < columns;) {
        const std::size_t size = Packed::group_size_at(at);
        for (std::size_t q = 0; q < Pairs; ++q) {
          for (std::size_t p = 0; p < Inputs; ++p) {
            std::uint32_t word = 0;
            for (std::size_t c = 0; c < size; ++c) {
              const std::int32_t input = x[row * Stride + p * Next + offset(at + c)];
              word += static_cast<std::uint32_t>(input) * w[c];
            }
            split(word, sums[p][q]);
          }
          w += size;
        }
        at += size;
      }
    }
  }

#if !MOTE_ASSEMBLY_LOOPS
  /// The next `Count` columns.
  template <std::size_t Count>
  [[gnu::always_inline]] constexpr void add(const std::int8_t* x, const std::uint32_t*& w,
                                            std::uint32_t half) {
    constexpr std::size_t threes = [] {
      if constexpr (Packed::is_in_one_row) {
        return Packed::groups.threes;
      } else {
        return std::size_t{0};
      }
    }();
    unrolled<threes>([&](auto g)
                         __attribute__((always_inline)) { add_group<3, 3 * g>(x, w, half); });
    constexpr std::size_t pairs = (Count - 3 * threes) / 2;
    unrolled<pairs>([&](auto g) __attribute__((always_inline)) {
      add_group<2, 3 * threes + 2 * g>(x, w, half);
    });
    if constexpr (3 * threes + 2 * pairs < Count) {
      unrolled<Pairs>([&](auto q) __attribute__((always_inline)) {
        unrolled<Inputs>([&](auto p) __attribute__((always_inline)) {
          const std::int32_t input = x[p * Next + offset(Count - 1)];
          split(static_cast<std::uint32_t>(input) * *w, sums[p][q]);
        });
        ++w;
      });
    }
  }

#  if MOTE_ASSEMBLY_STEPS
  template <std::size_t Pair, std::size_t Size>
  [[gnu::always_inline]] static void load_words(const std::uint32_t* w,
                                                std::uint32_t (&words)[Size]) {
    unrolled<Size>([&](auto c) __attribute__((always_inline)) {
      words[c] = load_here(w + Pair * Size + c);
    });
  }
  template <std::size_t Input, std::size_t At, std::size_t Size>
  [[gnu::always_inline]] static void load_inputs(const std::int8_t* x,
                                                 std::int32_t (&inputs)[Size]) {
    unrolled<Size>([&](auto c) __attribute__((always_inline)) {
      inputs[c] = load_here<Input * Next + offset(At + c)>(x);
    });
  }
#  endif

  /// The `Size` columns from place `At` of the order on.
  template <std::size_t Size, std::size_t At>
  [[gnu::always_inline]] constexpr void add_group(const std::int8_t* x, const std::uint32_t*& w,
                                                  std::uint32_t half) {
#  if MOTE_ASSEMBLY_STEPS
    // What there is less of stays in registers.
    if constexpr (Inputs < Pairs) {
      std::int32_t inputs[Inputs][Size];
      unrolled<Inputs>([&](auto p)
                           __attribute__((always_inline)) { load_inputs<p, At>(x, inputs[p]); });
      unrolled<Pairs>([&](auto q) __attribute__((always_inline)) {
        std::uint32_t words[Size];
        load_words<q>(w, words);
        unrolled<Inputs>([&](auto p) __attribute__((always_inline)) {
          scalar32::add_group(inputs[p], words, half, sums[p][q]);
        });
      });
    } else {
      std::uint32_t words[Pairs][Size];
      unrolled<Pairs>([&](auto q) __attribute__((always_inline)) { load_words<q>(w, words[q]); });
      unrolled<Inputs>([&](auto p) __attribute__((always_inline)) {
        std::int32_t inputs[Size];
        load_inputs<p, At>(x, inputs);
        unrolled<Pairs>([&](auto q) __attribute__((always_inline)) {
          scalar32::add_group(inputs, words[q], half, sums[p][q]);
        });
      });
    }
    w += Pairs * Size;
#  else
    std::int32_t inputs[Inputs][Size];
    unrolled<Inputs>([&](auto p) __attribute__((always_inline)) {
      unrolled<Size>([&](auto c) __attribute__((always_inline)) {
        inputs[p][c] = x[p * Next + offset(At + c)];
      });
    });
    unrolled<Pairs>([&](auto q) __attribute__((always_inline)) {
      lane_sum of_pair[Inputs]; // a copy, which GCC keeps in registers
      unrolled<Inputs>([&](auto p) { of_pair[p] = sums[p][q]; });
      scalar32::add_group(inputs, w, half, of_pair);
      unrolled<Inputs>([&](auto p) { sums[p][q] = of_pair[p]; });
    });
#  endif
  }
#endif
};

} // namespace mote::kernels::scalar32
