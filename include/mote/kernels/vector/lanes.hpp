// Moving lanes about: parts of vectors, and the change between channels side by side and a plane
// for each channel.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/kernels/unrolled.hpp>
#include <mote/kernels/vector/vector.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace mote::kernels {

/// The same vector, of which the compiler knows nothing. Else GCC may read it from memory again
/// wherever it is used, which costs two accesses each where it crosses a cache line.
template <class T, std::size_t Lanes>
[[gnu::always_inline]] inline vector<T, Lanes> in_register(vector<T, Lanes> value) {
  if constexpr (std::is_same_v<isa::simd<Lanes * sizeof(T)>, isa::native>) {
#if defined(__x86_64__) || defined(__i386__)
    asm("" : "+v"(value));
#elif defined(__aarch64__)
    asm("" : "+w"(value));
#endif
  }
  return value;
}

/// Lanes [First, First + Count) of a vector.
template <std::size_t First, std::size_t Count, class T, std::size_t Lanes>
[[gnu::always_inline]] inline vector<T, Count> part(vector<T, Lanes> value) {
  return [&]<std::size_t... Lane>(std::index_sequence<Lane...>) __attribute__((always_inline)) {
    return __builtin_shufflevector(value, value, static_cast<int>(First + Lane)...);
  }
  (std::make_index_sequence<Count>{});
}

/// Stores the first `Count` lanes in pieces of half the width: a copy of any other size would go
/// through memory, and all sums with it.
template <std::size_t Lanes, std::size_t Count, class T>
[[gnu::always_inline]] inline void store_part(T* to, vector<T, Lanes> value) {
  if constexpr (Count == Lanes) {
    store<T, Lanes>(to, value);
  } else {
    constexpr std::size_t half = Lanes / 2;
    store_part<half, std::min(half, Count)>(to, part<0, half, T, Lanes>(value));
    if constexpr (Count > half) {
      store_part<half, Count - half>(to + half, part<half, half, T, Lanes>(value));
    }
  }
}

/// Adds the first `Count` lanes to elements in memory, in such pieces.
template <std::size_t Lanes, std::size_t Count, class T>
[[gnu::always_inline]] inline void add_part(T* to, vector<T, Lanes> value) {
  if constexpr (Count == Lanes) {
    store<T, Lanes>(to, load<T, Lanes>(to) + value);
  } else {
    constexpr std::size_t half = Lanes / 2;
    add_part<half, std::min(half, Count)>(to, part<0, half, T, Lanes>(value));
    if constexpr (Count > half) {
      add_part<half, Count - half>(to + half, part<half, half, T, Lanes>(value));
    }
  }
}

/// The lanes of two vectors side by side.
template <class T, std::size_t Lanes>
[[gnu::always_inline]] inline vector<T, 2 * Lanes> side_by_side(vector<T, Lanes> low,
                                                                vector<T, Lanes> high) {
  return [&]<std::size_t... Lane>(std::index_sequence<Lane...>) __attribute__((always_inline)) {
    return __builtin_shufflevector(low, high, static_cast<int>(Lane)...);
  }
  (std::make_index_sequence<2 * Lanes>{});
}

/// Loads the first `Count` lanes in such pieces; the others are zero.
template <class T, std::size_t Lanes, std::size_t Count>
[[gnu::always_inline]] inline vector<T, Lanes> load_part(const T* from) {
  if constexpr (Count == 0) {
    return vector<T, Lanes>{};
  } else if constexpr (Count == Lanes) {
    return load<T, Lanes>(from);
  } else {
    constexpr std::size_t half = Lanes / 2;
    constexpr std::size_t low = std::min(half, Count);
    return side_by_side<T, half>(load_part<T, half, low>(from),
                                 load_part<T, half, Count - low>(from + low));
  }
}

/// Loads runs of `Run` elements, which start `Step` apart.
template <class T, std::size_t Lanes, std::size_t Run, std::size_t Step>
[[gnu::always_inline]] inline vector<T, Lanes> load_runs(const T* from) {
  if constexpr (Lanes == Run) {
    return load<T, Lanes>(from);
  } else {
    constexpr std::size_t half = Lanes / 2;
    return side_by_side<T, half>(load_runs<T, half, Run, Step>(from),
                                 load_runs<T, half, Run, Step>(from + half / Run * Step));
  }
}

namespace detail {

/// The lanes First, First + Step, ... of two vectors side by side.
template <std::size_t First, std::size_t Step, std::size_t Lanes, class V>
[[gnu::always_inline]] inline V every(V a, V b) {
  return [&]<std::size_t... Lane>(std::index_sequence<Lane...>) __attribute__((always_inline)) {
    return __builtin_shufflevector(a, b, static_cast<int>(First + Lane * Step)...);
  }
  (std::make_index_sequence<Lanes>{});
}

/// Lanes of two vectors in turns, from lane First on.
template <std::size_t First, std::size_t Lanes, class V>
[[gnu::always_inline]] inline V in_turns(V a, V b) {
  return [&]<std::size_t... Lane>(std::index_sequence<Lane...>) __attribute__((always_inline)) {
    return __builtin_shufflevector(a, b, static_cast<int>(First + Lane / 2 + Lane % 2 * Lanes)...);
  }
  (std::make_index_sequence<Lanes>{});
}

} // namespace detail

/// Makes of Rows planes of Lanes positions, a vector each, the same elements position by position.
/// Each round rotates the bits of an element's number, plane first, by one to the left. Rows is a
/// power of two.
template <class T, std::size_t Lanes, std::size_t Rows>
[[gnu::always_inline]] inline void interleave(vector<T, Lanes>* rows) {
  unrolled<std::countr_zero(Rows)>([&](auto) {
    vector<T, Lanes> next[Rows];
    unrolled<Rows / 2>([&](auto i) {
      next[2 * i] = detail::in_turns<0, Lanes>(rows[i], rows[i + Rows / 2]);
      next[2 * i + 1] = detail::in_turns<Lanes / 2, Lanes>(rows[i], rows[i + Rows / 2]);
    });
    unrolled<Rows>([&](auto i) { rows[i] = next[i]; });
  });
}

/// The way back.
template <class T, std::size_t Lanes, std::size_t Rows>
[[gnu::always_inline]] inline void deinterleave(vector<T, Lanes>* rows) {
  unrolled<std::countr_zero(Rows)>([&](auto) {
    vector<T, Lanes> next[Rows];
    unrolled<Rows / 2>([&](auto i) {
      next[i] = detail::every<0, 2, Lanes>(rows[2 * i], rows[2 * i + 1]);
      next[i + Rows / 2] = detail::every<1, 2, Lanes>(rows[2 * i], rows[2 * i + 1]);
    });
    unrolled<Rows>([&](auto i) { rows[i] = next[i]; });
  });
}

} // namespace mote::kernels
