#pragma once

#include <mote/layers/activation.hpp>

namespace mote {

/// y = max(x, 0), elementwise on any shape (Nair & Hinton 2010). The derivative at 0 is 0.
struct relu : activation<relu> {
  static constexpr const char* name = "relu";
  static constexpr bool rectifies = true;
  static constexpr bool clamps_int8 = true;

  template <class T>
  static constexpr T apply(T x) {
    return x > T{0} ? x : T{0};
  }
  template <class T>
  static constexpr T derivative(T, T y) {
    return y > T{0} ? T{1} : T{0};
  }
};

} // namespace mote
