// A function of every element of an array.
#pragma once

#include <mote/core/isa.hpp>

#include <cstddef>

namespace mote::kernels {

template <class Isa>
struct elementwise {
  /// y[i] = Function::apply(x[i]) for i < count; y may be x.
  template <class Function, class T>
  static constexpr void forward(std::size_t count, const T* x, T* y) {
    for (std::size_t i = 0; i < count; ++i) {
      y[i] = Function::apply(x[i]);
    }
  }

  /// dx[i] = dy[i] Function::derivative(x[i], y[i]); dx may be dy.
  template <class Function, class T>
  static constexpr void backward(std::size_t count, const T* x, const T* y, const T* dy, T* dx) {
    for (std::size_t i = 0; i < count; ++i) {
      dx[i] = dy[i] * Function::derivative(x[i], y[i]);
    }
  }
};

} // namespace mote::kernels
