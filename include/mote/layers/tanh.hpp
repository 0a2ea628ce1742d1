#pragma once

#include <mote/core/math.hpp>
#include <mote/core/vector_math.hpp>
#include <mote/layers/activation.hpp>

namespace mote {

/// y = tanh x, elementwise on any shape; dy/dx = 1 - y^2.
struct tanh : activation<tanh> {
  static constexpr const char* name = "tanh";
  static constexpr bool applies_to_vectors = true;

  template <class T>
  static constexpr T apply(T x) {
    return math::tanh(x);
  }
  template <class T>
  static constexpr T derivative(T, T y) {
    return typename math::number_of<T>::type{1} - y * y;
  }
  /// Fixed by the TensorFlow Lite specification: [-1, 1) in steps of 1/128.
  static constexpr affine output_affine(const affine&, const range&) { return {1.0f / 128.0f, 0}; }
};

} // namespace mote
