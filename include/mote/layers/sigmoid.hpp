#pragma once

#include <mote/core/math.hpp>
#include <mote/core/vector_math.hpp>
#include <mote/layers/activation.hpp>

namespace mote {

/// y = 1 / (1 + e^-x), elementwise on any shape; dy/dx = y (1 - y).
struct sigmoid : activation<sigmoid> {
  static constexpr const char* name = "sigmoid";
  static constexpr bool applies_to_vectors = true;

  template <class T>
  static constexpr T apply(T x) {
    return math::sigmoid(x);
  }
  template <class T>
  static constexpr T derivative(T, T y) {
    return y * (typename math::number_of<T>::type{1} - y);
  }
  /// Fixed by the TensorFlow Lite specification: [0, 1) in steps of 1/256.
  static constexpr affine output_affine(const affine&, const range&) {
    return {1.0f / 256.0f, -128};
  }
};

} // namespace mote
