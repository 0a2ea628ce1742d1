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
    if constexpr (in_registers<Function, T>) {
      if (!std::is_constant_evaluated()) {
        return for_each_register(
            count, [](auto value) { return Function::apply(value); }, y, x);
      }
    }
    elementwise<isa::generic>::template forward<Function>(count, x, y);
  }

  /// All derivatives of a block before the first product: below AVX-512 GCC would make a branch of
  /// a derivative that is 1 or 0, taken at random.
  template <class Function, class T>
  static constexpr void backward(std::size_t count, const T* x, const T* y, const T* dy, T* dx) {
    if constexpr (in_registers<Function, T>) {
      if (!std::is_constant_evaluated()) {
        return for_each_register(
            count,
            [](auto in, auto out, auto slope) { return slope * Function::derivative(in, out); }, dx,
            x, y, dy);
      }
    }
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

  template <class Function, class T>
  static constexpr bool in_registers = std::same_as<T, float>&& requires {
    requires Function::applies_to_vectors;
  };

  /// to[i] = f(from[i]...), a register at a time.
  template <class F, class... From>
  static void for_each_register(std::size_t count, F&& f, float* to, const From*... from) {
    const std::size_t whole = count - count % lanes;
    for (std::size_t i = 0; i < whole; i += lanes) {
      store<float, lanes>(to + i, f(load<float, lanes>(from + i)...));
    }
    if (whole < count) {
      const auto part = [&](const float* elements) {
        vector<float, lanes> result{};
        __builtin_memcpy(&result, elements + whole, (count - whole) * sizeof(float));
        return result;
      };
      const vector<float, lanes> rest = f(part(from)...);
      __builtin_memcpy(to + whole, &rest, (count - whole) * sizeof(float));
    }
  }
};

} // namespace mote::kernels
