#pragma once

#include <mote/layers/activation.hpp>

namespace mote {

/// y = min(max(x, 0), 6), elementwise on any shape (Krizhevsky, "Convolutional Deep Belief Networks
/// on CIFAR-10", 2010). The derivative is 1 between the kinks and 0 at them. In int8 a layer before
/// it clamps at the codes of 0 and 6, as TensorFlow Lite does.
struct relu6 : activation<relu6> {
  static constexpr const char* name = "relu6";
  static constexpr bool rectifies = true;
  static constexpr bool never_decreases = true;
  static constexpr bool clamps_int8 = true;

  template <class T>
  static constexpr T apply(T x) {
    return x > T{0} ? (x < T{6} ? x : T{6}) : T{0};
  }
  template <class T>
  static constexpr T derivative(T, T y) {
    return y > T{0} && y < T{6} ? T{1} : T{0};
  }

  /// As RELU6 of TensorFlow Lite, for one that could not be fused.
  template <class Rounding>
  static constexpr std::int8_t int8_code(std::int8_t code, const affine& in, const affine& out) {
    return rescaled_code<Rounding>(code, 1.0f, in, out, lowest_code<relu6>(out),
                                   highest_code<relu6>(out));
  }
};

} // namespace mote
