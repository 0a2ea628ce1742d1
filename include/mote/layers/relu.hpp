#pragma once

#include <mote/layers/activation.hpp>

namespace mote {

/// y = max(x, 0), elementwise on any shape (Nair & Hinton 2010). The derivative at 0 is 0.
struct relu : activation<relu> {
  static constexpr const char* name = "relu";
  static constexpr bool rectifies = true;
  static constexpr bool never_decreases = true;
  static constexpr bool clamps_int8 = true;

  template <class T>
  static constexpr T apply(T x) {
    return x > T{0} ? x : T{0};
  }
  template <class T>
  static constexpr T derivative(T, T y) {
    return y > T{0} ? T{1} : T{0};
  }

  /// As RELU of TensorFlow Lite, for one that could not be fused.
  template <class Rounding>
  static constexpr std::int8_t int8_code(std::int8_t code, const affine& in, const affine& out) {
    return rescaled_code<Rounding>(code, 1.0f, in, out, lowest_code<relu>(out), 127);
  }
};

} // namespace mote
