// Random numbers that are the same on every machine and inside the compiler.
#pragma once

#include <mote/core/math.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace mote {

/// xoshiro128++ (Blackman & Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021): 16
/// bytes of state and only 32-bit operations, so that it also suits a microcontroller. Seeded by
/// splitmix64.
class random_source {
public:
  constexpr explicit random_source(std::uint64_t seed) {
    for (std::size_t i = 0; i < 4; i += 2) {
      seed += 0x9e37'79b9'7f4a'7c15u;
      std::uint64_t mixed = seed;
      mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9u;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11ebu;
      mixed ^= mixed >> 31;
      state_[i] = static_cast<std::uint32_t>(mixed);
      state_[i + 1] = static_cast<std::uint32_t>(mixed >> 32);
    }
  }

  /// 32 random bits.
  constexpr std::uint32_t bits() {
    const std::uint32_t result = std::rotl(state_[0] + state_[3], 7) + state_[0];
    const std::uint32_t shifted = state_[1] << 9;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 11);
    return result;
  }

  /// Uniform in 0 ... bound - 1 without bias (Lemire, "Fast Random Integer Generation in an
  /// Interval", 2019). Requires bound > 0.
  constexpr std::uint32_t below(std::uint32_t bound) {
    std::uint64_t product = std::uint64_t{bits()} * bound;
    if (static_cast<std::uint32_t>(product) < bound) {
      const std::uint32_t threshold = (0u - bound) % bound;
      while (static_cast<std::uint32_t>(product) < threshold) {
        product = std::uint64_t{bits()} * bound;
      }
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  /// Uniform in [0, 1), a multiple of 2^-24.
  template <class T>
  constexpr T uniform() {
    return static_cast<T>(bits() >> 8) * T(0x1p-24);
  }

  /// Normal with mean 0 and deviation 1 (Marsaglia & Bray's polar method, 1964).
  template <class T>
  constexpr T normal() {
    for (;;) {
      const T u = T{2} * uniform<T>() - T{1};
      const T v = T{2} * uniform<T>() - T{1};
      const T square = u * u + v * v;
      if (square > T{0} && square < T{1}) {
        return u * math::sqrt(T{-2} * math::log(square) / square);
      }
    }
  }

  /// A random order of the items (Fisher & Yates), in place. Requires fewer than 2^32 items.
  template <class T>
  constexpr void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      const auto j = static_cast<std::size_t>(below(static_cast<std::uint32_t>(i)));
      std::swap(items[i - 1], items[j]);
    }
  }

private:
  std::uint32_t state_[4]{};
};

} // namespace mote
