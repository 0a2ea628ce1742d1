// The quantized dense product of constant weights that passes by inputs that are zero. They are
// listed once, then the weights of the others are added, one multiplication each.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/policy.hpp>
#include <mote/kernels/generic/sparse_dense_int8.hpp>
#include <mote/kernels/scalar32/interleaved_product.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels {

namespace scalar32 {

/// Sums that fit the registers.
#if defined(__riscv)
inline constexpr std::size_t most_sparse_sums = 16;
#else
inline constexpr std::size_t most_sparse_sums = 8;
#endif

/// An input that is not zero.
struct sparse_term {
  std::uint32_t offset; ///< of its weights
  std::int32_t value;   ///< without the zero point
};

#if defined(__thumb__) && !defined(__thumb2__) && defined(__OPTIMIZE__)
#  define MOTE_SPARSE_ASSEMBLY 1
#  if defined(__OPTIMIZE_SIZE__) // GCC then does not know the upper registers
#    define MOTE_SPARSE_SAVE                                                                       \
      "mov r4, r8\n\t"                                                                             \
      "mov r5, r9\n\t"                                                                             \
      "mov r6, r10\n\t"                                                                            \
      "mov r7, r11\n\t"                                                                            \
      "push {r4, r5, r6, r7}\n\t"
#    define MOTE_SPARSE_RESTORE                                                                    \
      "pop {r4, r5, r6, r7}\n\t"                                                                   \
      "mov r8, r4\n\t"                                                                             \
      "mov r9, r5\n\t"                                                                             \
      "mov r10, r6\n\t"                                                                            \
      "mov r11, r7\n\t"
#    define MOTE_SPARSE_CLOBBERS
#  else
#    define MOTE_SPARSE_SAVE
#    define MOTE_SPARSE_RESTORE
#    define MOTE_SPARSE_CLOBBERS "r8", "r9", "r10", "r11",
#  endif
#  define MOTE_SPARSE_WEIGHT(offset, sum)                                                          \
    "ldrb r1, [r2, #" offset "]\n\t"                                                               \
    "muls r1, r3\n\t"                                                                              \
    "add " sum ", r1\n\t"

/// Armv6-M: adds to eight sums, of which GCC 12 would keep none in the upper registers. They can
/// only be added to.
[[gnu::always_inline]] inline void add_to_eight(const sparse_term* terms, const sparse_term* end,
                                                const std::uint8_t* weights, std::int32_t* sums) {
  register const sparse_term* t __asm__("r0") = terms;
  register const sparse_term* e __asm__("r1") = end;
  register const std::uint8_t* w __asm__("r2") = weights;
  register std::int32_t* s __asm__("r3") = sums;
  __asm__ volatile(
      ".syntax unified\n\t" MOTE_SPARSE_SAVE "mov lr, r1\n\t"
      "mov r12, r2\n\t"
      "push {r3}\n\t"
      "ldmia r3!, {r4, r5, r6, r7}\n\t"
      "mov r8, r4\n\t"
      "mov r9, r5\n\t"
      "mov r10, r6\n\t"
      "mov r11, r7\n\t"
      "ldmia r3!, {r4, r5, r6, r7}\n"
      "1:\n\t"
      "ldmia r0!, {r2, r3}\n\t"
      "add r2, r12\n\t" //
      MOTE_SPARSE_WEIGHT("0", "r8") MOTE_SPARSE_WEIGHT("1", "r9") MOTE_SPARSE_WEIGHT("2", "r10")
          MOTE_SPARSE_WEIGHT("3", "r11") MOTE_SPARSE_WEIGHT("4", "r4") MOTE_SPARSE_WEIGHT("5", "r5")
              MOTE_SPARSE_WEIGHT("6", "r6") MOTE_SPARSE_WEIGHT(
                  "7", "r7") "cmp r0, lr\n\t"
                             "bne 1b\n\t"
                             "pop {r0}\n\t"
                             "mov r1, r8\n\t"
                             "mov r2, r9\n\t"
                             "mov r3, r10\n\t"
                             "stmia r0!, {r1, r2, r3}\n\t"
                             "mov r1, r11\n\t"
                             "stmia r0!, {r1, r4, r5, r6, r7}\n\t" MOTE_SPARSE_RESTORE
                             ".syntax divided"
      : "+r"(t), "+r"(e), "+r"(w), "+r"(s)
      :
      : "r4", "r5", "r6", "r7", MOTE_SPARSE_CLOBBERS "r12", "lr", "cc", "memory");
}
#  undef MOTE_SPARSE_WEIGHT
#  undef MOTE_SPARSE_CLOBBERS
#  undef MOTE_SPARSE_RESTORE
#  undef MOTE_SPARSE_SAVE
#endif

/// Whether the four codes from `x` on are all this one, where a word may be loaded from any
/// address; else it is not worth asking.
template <std::int32_t Code>
[[gnu::always_inline]] constexpr bool are_all([[maybe_unused]] const std::int8_t* x) {
#if !defined(__riscv) && !(defined(__thumb__) && !defined(__thumb2__))
  if (!std::is_constant_evaluated()) {
    std::uint32_t word = 0;
    __builtin_memcpy(&word, x, sizeof word);
    return word == static_cast<std::uint8_t>(Code) * 0x01010101u;
  }
#endif
  return false;
}

/// `Block` outputs at a time.
template <class Rounding, class Constants, std::size_t Outputs, std::size_t Inputs,
          std::size_t Block = most_sparse_sums>
struct sparse_product {
  using codes_type = codes<Rounding, Constants>;
  using weight_type = interleaved_weight;
  static constexpr std::int32_t weight_offset = std::is_unsigned_v<weight_type> ? 128 : 0;

  static constexpr bool fits = codes_type::fits;

  /// Of each `Block` outputs [Inputs][Block].
  static constexpr auto weights = [] {
    std::array<weight_type, Outputs * Inputs> result{};
    std::size_t at = 0;
    for (std::size_t first = 0; first < Outputs; first += Block) {
      for (std::size_t i = 0; i < Inputs; ++i) {
        for (std::size_t o = first; o < std::min(first + Block, Outputs); ++o) {
          result[at++] = static_cast<weight_type>(
              codes_type::sign * Constants::value.weights[o * Inputs + i] + weight_offset);
        }
      }
    }
    return result;
  }();

  /// What the sums begin with. The zero point is subtracted from the inputs, but codes_type takes
  /// sums of inputs as they are.
  static constexpr auto starts = [] {
    std::array<std::int32_t, Outputs> result{};
    for (std::size_t o = 0; o < Outputs; ++o) {
      using constants = typename codes_type::constants;
      result[o] = codes_type::sign * constants::input_zero_point * constants::channels[o].weights;
      if constexpr (codes_type::sums_have_bias) {
        result[o] += codes_type::start(o);
      }
    }
    return result;
  }();

  static constexpr auto channels = [] {
    std::array<typename codes_type::channel_type, Outputs> result{};
    for (std::size_t o = 0; o < Outputs; ++o) {
      result[o] = codes_type::at(o);
    }
    return result;
  }();

  static constexpr std::size_t flash_bytes = sizeof weights + sizeof starts + sizeof channels;

  static constexpr void forward(const std::int8_t* x, std::int8_t* y) {
    std::int32_t sums[Outputs]{};
    const std::int32_t* start = opaque(starts.data());
    for (std::int32_t& sum : sums) {
      sum = *start++;
    }
    std::int32_t excess = 0;
    for (std::size_t first = 0; first < Inputs; first += most_terms) {
      term terms[most_terms];
      const term* end = list_terms(x, first, std::min(first + most_terms, Inputs), terms, excess);
      if (end != terms) {
        add_all(terms, end, sums);
      }
    }
    const auto* c = opaque(channels.data());
    for (const std::int32_t sum : sums) {
      *y++ = codes_type::code(sum - excess * weight_offset, *c++);
    }
  }

private:
  using term = sparse_term;
  /// How many inputs are looked at before their weights are added.
  static constexpr std::size_t most_terms = 64;

  /// Returns where the list ends, and adds the values to `excess`.
  static constexpr const term* list_terms(const std::int8_t* x, std::size_t first, std::size_t last,
                                          term* to, std::int32_t& excess) {
    constexpr std::int32_t zero_point = codes_type::constants::input_zero_point;
    const auto look_at = [&](std::size_t i) __attribute__((always_inline)) {
      // Compared without a sign, since Armv6-M has no short load with one.
      if (static_cast<std::uint8_t>(x[i]) != static_cast<std::uint8_t>(zero_point)) {
        const std::int32_t value = x[i] - zero_point;
        *to++ = {static_cast<std::uint32_t>(i * Block), value};
        excess += value;
      }
    };
    for (; first + 4 <= last; first += 4) {
      if (!are_all<zero_point>(x + first)) {
        unrolled<4>([&](auto i) __attribute__((always_inline)) { look_at(first + i); });
      }
    }
    for (; first < last; ++first) {
      look_at(first);
    }
    return to;
  }

  static constexpr void add_all(const term* terms, const term* end, std::int32_t* sums) {
    const weight_type* w = opaque(weights.data());
    constexpr std::size_t rest = Outputs % Block;
    for (std::size_t o = 0; o + Block <= Outputs; o += Block) {
      add<Block>(terms, end, w, sums + o);
      w += Inputs * Block;
    }
    if constexpr (rest > 0) {
      add<rest>(terms, end, w, sums + Outputs - rest);
    }
  }

  /// To `Count` sums. Requires at least one term.
  template <std::size_t Count>
  [[gnu::always_inline]] static constexpr void add(const term* terms, const term* end,
                                                   const weight_type* first, std::int32_t* sums) {
#if defined(MOTE_SPARSE_ASSEMBLY)
    if constexpr (Count == 8 && Block == 8) {
      if (!std::is_constant_evaluated()) {
        return add_to_eight(terms, end, first, sums);
      }
    }
#endif
    std::int32_t all[Count];
    unrolled<Count>([&](auto u) { all[u] = sums[u]; });
    do {
      const std::int32_t value = terms->value;
      const weight_type* w =
          first + (Count == Block ? terms->offset : terms->offset / Block * Count);
      ++terms;
      unrolled<Count>([&](auto u) __attribute__((always_inline)) {
        all[u] += value * w[u];
        keep_order();
      });
    } while (terms != end);
    unrolled<Count>([&](auto u) { sums[u] = all[u]; });
  }

  /// GCC 12 would load far ahead and run out of registers.
  [[gnu::always_inline]] static constexpr void keep_order() {
#if defined(__GNUC__)
    if (!std::is_constant_evaluated()) {
      __asm__ volatile("" ::: "memory");
    }
#endif
  }
};

/// As fast as it gets without more flash.
struct constant_sparse_dense_int8 {
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  using product = sparse_product<Rounding, Constants, Outputs, Inputs>;

  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr bool fits = product<Rounding, Inputs, Outputs, Constants>::fits;

  /// Of all constants that are kept in place of the layer's parameters.
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr std::size_t flash_bytes =
      product<Rounding, Inputs, Outputs, Constants>::flash_bytes;

  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr void forward(std::size_t rows, const std::int8_t* x, std::int8_t* y) {
    for (std::size_t row = 0; row < rows; ++row) {
      product<Rounding, Inputs, Outputs, Constants>::forward(x, y);
      x += Inputs;
      y += Outputs;
    }
  }
};

} // namespace scalar32

template <>
struct constant_sparse_dense_int8<isa::scalar32, balanced> : scalar32::constant_sparse_dense_int8 {
};
template <>
struct constant_sparse_dense_int8<isa::scalar32, fastest> : scalar32::constant_sparse_dense_int8 {};

} // namespace mote::kernels
