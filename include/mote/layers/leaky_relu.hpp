#pragma once

#include <mote/layers/activation.hpp>

#include <cstddef>

namespace mote {

/// y = x where x > 0, else a x with a = Numerator / Denominator, elementwise on any shape (Maas et
/// al., "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013, a = 0.01). The
/// derivative at 0 is a. A slope of 0 is relu.
template <std::size_t Numerator = 1, std::size_t Denominator = 100>
struct leaky_relu : activation<leaky_relu<Numerator, Denominator>> {
  static_assert(Numerator > 0 && Denominator > 0, "mote::leaky_relu: the slope must be positive");
  static constexpr const char* name = "leaky_relu";
  static constexpr bool rectifies = true;
  static constexpr bool never_decreases = true;

  template <class T>
  static constexpr T apply(T x) {
    return x > T{0} ? x : slope<T> * x;
  }
  template <class T>
  static constexpr T derivative(T, T y) { // y has the sign of x
    return y > T{0} ? T{1} : slope<T>;
  }

  /// As LEAKY_RELU of TensorFlow Lite.
  template <class Rounding>
  static constexpr std::int8_t int8_code(std::int8_t code, const affine& in, const affine& out) {
    return rescaled_code<Rounding>(code, code < in.zero_point ? slope<float> : 1.0f, in, out, -128,
                                   127);
  }

private:
  template <class T>
  static constexpr T slope = static_cast<T>(Numerator) / static_cast<T>(Denominator);
};

} // namespace mote
