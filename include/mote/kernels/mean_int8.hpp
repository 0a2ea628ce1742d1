// The mean of int8 codes as an integer, in the same time for all of them: a division takes, in
// hardware or from the compiler's library, as long as its numbers want.
#pragma once

#include <cstdint>

namespace mote::kernels {

/// sum / count to nearest, ties away from zero. Requires count > 0.
constexpr std::int32_t rounded_mean(std::int32_t sum, std::int32_t count) {
  const std::int32_t half = count / 2;
  return (sum > 0 ? sum + half : sum - half) / count;
}

/// The same of a number of codes that the compiler knows.
///
/// floor(n / Count) is floor(n factor / 2^shift) with factor = ceil(2^shift / Count), if n (factor
/// Count - 2^shift) < 2^shift (Granlund and Montgomery, "Division by Invariant Integers using
/// Multiplication", 1994, theorem 4.2); that, and room for the product in 32 bits, is checked for
/// the largest n there is. The codes are counted from -128, so that n is no negative number.
template <std::uint32_t Count>
struct mean_of {
  static constexpr std::uint32_t shift = 24;
  static constexpr std::uint64_t power = std::uint64_t{1} << shift;
  static constexpr std::uint64_t factor = (power + Count - 1) / Count;
  static constexpr std::uint64_t largest = std::uint64_t{255} * Count + Count / 2;
  static constexpr bool is_exact =
      largest * (factor * Count - power) < power && largest * factor < std::uint64_t{1} << 32;

  /// Requires codes' sum: -128 Count <= sum <= 127 Count.
  static constexpr std::int32_t of(std::int32_t sum) {
    if constexpr (is_exact) {
      // A tie of a negative sum goes downwards: only an even count has any.
      const std::int32_t half =
          static_cast<std::int32_t>(Count / 2) + (Count % 2 == 0 ? sum >> 31 : 0);
      const auto n =
          static_cast<std::uint32_t>(sum + static_cast<std::int32_t>(128 * Count) + half);
      return static_cast<std::int32_t>((n * static_cast<std::uint32_t>(factor)) >> shift) - 128;
    } else {
      return rounded_mean(sum, static_cast<std::int32_t>(Count));
    }
  }
};

} // namespace mote::kernels
