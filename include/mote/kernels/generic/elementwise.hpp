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
};

} // namespace mote::kernels
