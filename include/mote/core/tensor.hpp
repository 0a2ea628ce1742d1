// Static tensors own their elements; batch views borrow them.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

namespace mote {

/// Stands for "nothing here": the parameters of a layer that has none, the cache it does not need,
/// the gradient that nobody asked for.
struct none {};

template <class T>
inline constexpr bool is_none = std::is_same_v<std::remove_cvref_t<T>, none>;

/// An array of fixed extents in row-major order. `tensor<T>` without extents is a scalar.
/// An aggregate, so that a table of constants in flash is just an initializer.
template <class T, std::size_t... Extents>
struct tensor {
  using value_type = T;
  static constexpr std::size_t rank = sizeof...(Extents);
  static constexpr std::size_t size = (std::size_t{1} * ... * Extents);
  static constexpr std::array<std::size_t, rank> extents{Extents...};

  std::array<T, size> values;

  constexpr T* data() { return values.data(); }
  constexpr const T* data() const { return values.data(); }
  constexpr T& operator[](std::size_t i) { return values[i]; }
  constexpr const T& operator[](std::size_t i) const { return values[i]; }
};

/// The elements of a tensor, or a null pointer where there is none.
template <class Tensor>
constexpr auto data_or_null([[maybe_unused]] Tensor& elements) {
  if constexpr (is_none<Tensor>) {
    return nullptr;
  } else {
    return elements.data();
  }
}

/// `rows` samples of `Size` elements each, one after the other, in memory that somebody else owns.
/// The number of samples is a run-time value because the last batch of an epoch may be shorter.
template <class T, std::size_t Size>
struct batch_view {
  using value_type = T;
  static constexpr std::size_t sample_size = Size;

  T* data = nullptr;
  std::size_t rows = 0;

  constexpr std::span<T, Size> operator[](std::size_t row) const {
    return std::span<T, Size>{data + row * Size, Size};
  }
  constexpr std::span<T> elements() const { return {data, rows * Size}; }
  constexpr batch_view<const T, Size> as_const() const { return {data, rows}; }
};

} // namespace mote
