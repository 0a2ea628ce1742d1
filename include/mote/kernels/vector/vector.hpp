// A thin layer over the vector extensions of GCC and Clang: one source for SSE, AVX, AVX-512 and
// NEON.
#pragma once

#include <mote/kernels/unrolled.hpp>

#include <cstddef>

namespace mote::kernels {

namespace detail {
template <class T, std::size_t Lanes>
struct vector_of {
  typedef T type __attribute__((vector_size(Lanes * sizeof(T))));
};
} // namespace detail

template <class T, std::size_t Lanes>
using vector = typename detail::vector_of<T, Lanes>::type;

/// Loads `Count` elements from any address; the remaining lanes are zero. A fixed count lets the
/// compiler use one plain load, where a mask would have to be made first.
template <class T, std::size_t Lanes, std::size_t Count = Lanes>
[[gnu::always_inline]] inline vector<T, Lanes> load(const T* from) {
  vector<T, Lanes> result{};
  __builtin_memcpy(&result, from, Count * sizeof(T));
  return result;
}

/// Stores the first `Count` lanes to any address.
template <class T, std::size_t Lanes, std::size_t Count = Lanes>
[[gnu::always_inline]] inline void store(T* to, vector<T, Lanes> value) {
  __builtin_memcpy(to, &value, Count * sizeof(T));
}

/// The same value in every lane.
template <class T, std::size_t Lanes>
[[gnu::always_inline]] inline vector<T, Lanes> broadcast(T value) {
  return value - vector<T, Lanes>{};
}

/// The sum of all lanes, halving the width at each step.
template <class T, std::size_t Lanes>
[[gnu::always_inline]] inline T sum_of_lanes(vector<T, Lanes> value) {
  if constexpr (Lanes == 1) {
    return value[0];
  } else {
    constexpr std::size_t half = Lanes / 2;
    vector<T, half> low;
    vector<T, half> high;
    __builtin_memcpy(&low, &value, sizeof(low));
    __builtin_memcpy(&high, reinterpret_cast<const char*>(&value) + sizeof(low), sizeof(high));
    return sum_of_lanes<T, half>(low + high);
  }
}

} // namespace mote::kernels
