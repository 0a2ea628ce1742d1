// A thin layer over the vector extensions of GCC and Clang: one source for SSE, AVX, AVX-512 and
// NEON.
#pragma once

#include <mote/kernels/unrolled.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>

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

namespace detail {

/// `Lanes` lanes of two vectors in which sums lie one after the other, each in Terms terms: the
/// first half of the terms of each sum, or the second if Second is 1.
template <std::size_t Lanes, std::size_t Terms, std::size_t Second, class V>
[[gnu::always_inline]] inline auto half_of_terms(V a, V b) {
  constexpr std::size_t half = Terms / 2;
  return [&]<std::size_t... Lane>(std::index_sequence<Lane...>) __attribute__((always_inline)) {
    return __builtin_shufflevector(
        a, b, static_cast<int>(Lane / half * Terms + Second * half + Lane % half)...);
  }
  (std::make_index_sequence<Lanes>{});
}

/// The first `Count` sums of such vectors, in as many terms as one vector then has lanes for.
template <class T, std::size_t Lanes, std::size_t Count>
[[gnu::always_inline]] inline vector<T, Lanes> join_sums(const vector<T, Lanes>* values) {
  if constexpr (Count == 1) {
    return values[0];
  } else {
    constexpr std::size_t terms = Lanes / (Count / 2);
    const auto a = join_sums<T, Lanes, Count / 2>(values);
    const auto b = join_sums<T, Lanes, Count / 2>(values + Count / 2);
    return half_of_terms<Lanes, terms, 0>(a, b) + half_of_terms<Lanes, terms, 1>(a, b);
  }
}

} // namespace detail

/// to[i] = the sum of all lanes of values[i]. Vectors are joined before they are added, which takes
/// half the shuffles or fewer.
template <std::size_t Count, class T, std::size_t Lanes = 1>
[[gnu::always_inline]] inline void sums_of_lanes(const vector<T, Lanes>* values, T* to) {
  constexpr std::size_t joined = std::min(std::bit_floor(Count), Lanes);
  const auto narrow = [to]<std::size_t Width>(vector<T, Width> sums, const auto& self)
      __attribute__((always_inline)) {
    if constexpr (Width == joined) {
      store<T, Width>(to, sums);
    } else {
      constexpr std::size_t terms = Width / joined;
      const vector<T, Width / 2> halves = detail::half_of_terms<Width / 2, terms, 0>(sums, sums) +
                                          detail::half_of_terms<Width / 2, terms, 1>(sums, sums);
      self.template operator()<Width / 2>(halves, self);
    }
  };
  narrow.template operator()<Lanes>(detail::join_sums<T, Lanes, joined>(values), narrow);
  if constexpr (Count > joined) {
    sums_of_lanes<Count - joined, T, Lanes>(values + joined, to + joined);
  }
}

} // namespace mote::kernels
