// The same in registers, for functions that can be applied to a vector and say so: the compiler
// does not vectorize what branches.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/kernels/generic/elementwise.hpp>
#include <mote/kernels/vector/vector.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <type_traits>

namespace mote::kernels {

template <std::size_t Bytes>
struct elementwise<isa::simd<Bytes>> {
  template <class Function, class T>
  static constexpr void forward(std::size_t count, const T* x, T* y) {
    if constexpr (std::same_as<T, float> && requires { requires Function::applies_to_vectors; }) {
      if (!std::is_constant_evaluated()) {
        return in_registers<Function>(count, x, y);
      }
    }
    elementwise<isa::generic>::template forward<Function>(count, x, y);
  }

  /// All derivatives of a block before the first product: below AVX-512 GCC would make a branch of
  /// a derivative that is 1 or 0, taken at random.
  template <class Function, class T>
  static constexpr void backward(std::size_t count, const T* x, const T* y, const T* dy, T* dx) {
    constexpr std::size_t block = 64;
    for (std::size_t first = 0; first < count; first += block) {
      T derivatives[block]{};
      const std::size_t size = std::min(block, count - first);
      for (std::size_t i = 0; i < size; ++i) {
        derivatives[i] = Function::derivative(x[first + i], y[first + i]);
      }
      for (std::size_t i = 0; i < size; ++i) {
        dx[first + i] = dy[first + i] * derivatives[i];
      }
    }
  }

private:
  static constexpr std::size_t lanes = Bytes / sizeof(float);

  template <class Function>
  static void in_registers(std::size_t count, const float* x, float* y) {
    const std::size_t whole = count - count % lanes;
    for (std::size_t i = 0; i < whole; i += lanes) {
      store<float, lanes>(y + i, Function::apply(load<float, lanes>(x + i)));
    }
    if (whole < count) {
      vector<float, lanes> rest{};
      __builtin_memcpy(&rest, x + whole, (count - whole) * sizeof(float));
      rest = Function::apply(rest);
      __builtin_memcpy(y + whole, &rest, (count - whole) * sizeof(float));
    }
  }
};

} // namespace mote::kernels
