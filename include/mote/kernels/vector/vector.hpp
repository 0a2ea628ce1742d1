// A thin layer over the vector extensions of GCC and Clang: one source for SSE, AVX, AVX-512 and
// NEON.
#pragma once

#include <mote/kernels/unrolled.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
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

// GCC puts a part of a vector together in memory and waits until it is there, so that it is told of
// masks; clang knows better.

namespace detail {

template <class T, std::size_t Lanes, std::size_t Count, std::size_t Bytes>
inline constexpr bool is_part_of = Lanes * sizeof(T) == Bytes&& Count < Lanes && sizeof(T) >= 4;

#if defined(__AVX512F__)
template <std::size_t Count>
inline constexpr auto mask = static_cast<std::uint16_t>((1u << Count) - 1);
#elif defined(__AVX__)
template <class T, std::size_t Lanes, std::size_t Count>
inline constexpr auto mask = []<std::size_t... Lane>(std::index_sequence<Lane...>) {
  using flags = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  return vector<flags, Lanes>{(Lane < Count ? flags{-1} : flags{0})...};
}
(std::make_index_sequence<Lanes>{});
#endif

} // namespace detail

/// Loads `Count` elements from any address; the remaining lanes are zero.
template <class T, std::size_t Lanes, std::size_t Count = Lanes>
[[gnu::always_inline]] inline vector<T, Lanes> load(const T* from) {
  vector<T, Lanes> result{};
#if defined(__AVX512F__) && !defined(__clang__)
  if constexpr (detail::is_part_of<T, Lanes, Count, 64>) {
    const auto& part = *reinterpret_cast<const T(*)[Count]>(from);
    if constexpr (sizeof(T) == 4) {
      asm("vmovups {%a1, %0%{%2%}%{z%}|%0%{%2%}%{z%}, %a1}"
          : "=v"(result)
          : "p"(from), "Yk"(detail::mask<Count>), "m"(part));
    } else {
      asm("vmovupd {%a1, %0%{%2%}%{z%}|%0%{%2%}%{z%}, %a1}"
          : "=v"(result)
          : "p"(from), "Yk"(detail::mask<Count>), "m"(part));
    }
    return result;
  }
#elif defined(__AVX__) && !defined(__clang__)
  if constexpr (detail::is_part_of<T, Lanes, Count, 32>) {
    const auto& part = *reinterpret_cast<const T(*)[Count]>(from);
    if constexpr (sizeof(T) == 4) {
      asm("vmaskmovps {%a1, %2, %0|%0, %2, %a1}"
          : "=x"(result)
          : "p"(from), "x"(detail::mask<T, Lanes, Count>), "m"(part));
    } else {
      asm("vmaskmovpd {%a1, %2, %0|%0, %2, %a1}"
          : "=x"(result)
          : "p"(from), "x"(detail::mask<T, Lanes, Count>), "m"(part));
    }
    return result;
  }
#endif
  __builtin_memcpy(&result, from, Count * sizeof(T));
  return result;
}

/// Stores the first `Count` lanes to any address.
template <class T, std::size_t Lanes, std::size_t Count = Lanes>
[[gnu::always_inline]] inline void store(T* to, vector<T, Lanes> value) {
#if defined(__AVX512F__) && !defined(__clang__)
  if constexpr (detail::is_part_of<T, Lanes, Count, 64>) {
    auto& part = *reinterpret_cast<T(*)[Count]>(to);
    if constexpr (sizeof(T) == 4) {
      asm("vmovups {%1, %a3%{%2%}|%a3%{%2%}, %1}"
          : "=m"(part)
          : "v"(value), "Yk"(detail::mask<Count>), "p"(to));
    } else {
      asm("vmovupd {%1, %a3%{%2%}|%a3%{%2%}, %1}"
          : "=m"(part)
          : "v"(value), "Yk"(detail::mask<Count>), "p"(to));
    }
    return;
  }
#endif
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
