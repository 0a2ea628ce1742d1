// Arrays for kernels that must neither read nor write beyond them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "../support.hpp"

/// `size` elements at an address that is `offset` elements off a cache line, between margins of NaN
/// that a read beyond the ends would bring into the results and that must not be written.
template <class T>
class guarded {
public:
  guarded(std::size_t size, std::size_t offset) : size_(size), cells_(size + 3 * margin, guard()) {
    const auto misplaced = reinterpret_cast<std::uintptr_t>(cells_.data()) % 64 / sizeof(T);
    first_ = margin + (64 / sizeof(T) - misplaced) + offset;
  }
  guarded(std::size_t size, std::size_t offset, support::noise& random) : guarded(size, offset) {
    random.fill(std::span<T>{data(), size});
  }
  std::size_t size() const { return size_; }
  T* data() { return cells_.data() + first_; }
  const T* data() const { return cells_.data() + first_; }
  T operator[](std::size_t i) const { return data()[i]; }

  bool margins_are_whole() const {
    const auto is_guard = [](T x) { return x != x; };
    return std::all_of(cells_.data(), data(), is_guard) &&
           std::all_of(data() + size_, cells_.data() + cells_.size(), is_guard);
  }

private:
  static constexpr std::size_t margin = 80;
  static constexpr T guard() { return std::numeric_limits<T>::quiet_NaN(); }
  std::size_t size_;
  std::size_t first_ = 0;
  std::vector<T> cells_;
};
