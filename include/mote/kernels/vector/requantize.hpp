// From 32-bit sums to int8 codes, several at a time.
#pragma once

#include <mote/core/fixed_point.hpp>
#include <mote/kernels/vector/vector.hpp>
#include <mote/kernels/vector/x86_instructions.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels {

/// What mote::rounding does, in lanes of 64 bits that hold 32-bit numbers.
template <std::size_t Lanes>
struct rounding_lanes {
  static constexpr std::size_t lanes = Lanes;
  using numbers = vector<std::int64_t, Lanes>;

  /// Rounding::multiply in every lane.
  template <class Rounding>
  [[gnu::always_inline]] static inline numbers multiply(numbers x, numbers mantissa,
                                                        numbers shift) {
    static_assert(std::is_same_v<Rounding, rounding::twice> ||
                  std::is_same_v<Rounding, rounding::once>);
    if constexpr (std::is_same_v<Rounding, rounding::once>) {
      const numbers right = 31 - shift;
      return saturate((product(x, mantissa) + (all(1) << (right - 1))) >> right);
    } else {
      const numbers left = at_least(shift, all(0));
      const numbers right = at_least(-shift, all(0));
      const numbers high =
          saturate((product(saturate(x << left), mantissa) + (std::int64_t{1} << 30)) >> 31);
      // Comparisons are -1 where they hold.
      const numbers mask = (all(1) << right) - 1;
      const numbers threshold = (mask >> 1) - (high < 0);
      return (high >> right) - ((high & mask) > threshold);
    }
  }

  /// x within [lowest, highest].
  [[gnu::always_inline]] static inline numbers clamp(numbers x, numbers lowest, numbers highest) {
    x = at_least(x, lowest);
    return x > highest ? highest : x;
  }

  /// a + b modulo 2^32.
  [[gnu::always_inline]] static inline numbers sum(const std::int32_t* a, const std::int32_t* b) {
    using words = vector<std::uint32_t, Lanes>;
    const auto total = reinterpret_cast<words>(load<std::int32_t, Lanes>(a)) +
                       reinterpret_cast<words>(load<std::int32_t, Lanes>(b));
    return __builtin_convertvector((reinterpret_cast<vector<std::int32_t, Lanes>>(total)), numbers);
  }

  [[gnu::always_inline]] static inline numbers all(std::int64_t value) {
    return broadcast<std::int64_t, Lanes>(value);
  }

private:
  [[gnu::always_inline]] static inline numbers at_least(numbers x, numbers lowest) {
    return x < lowest ? lowest : x;
  }
  [[gnu::always_inline]] static inline numbers saturate(numbers x) {
    return clamp(x, all(-2147483648), all(2147483647));
  }

  /// Of 32-bit numbers, which is one instruction where a product of 64-bit ones is several.
  [[gnu::always_inline]] static inline numbers product(numbers a, numbers b) {
#if defined(__AVX512F__)
    if constexpr (Lanes == 8) {
      return vpmuldq<Lanes>(a, b);
    }
#endif
#if defined(__AVX2__)
    if constexpr (Lanes == 4) {
      return vpmuldq<Lanes>(a, b);
    }
#endif
    return a * b;
  }
};

} // namespace mote::kernels
