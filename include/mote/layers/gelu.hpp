#pragma once

#include <mote/core/math.hpp>
#include <mote/layers/activation.hpp>

namespace mote {

/// The Gaussian error linear unit in its tanh form, elementwise on any shape:
/// y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) (Hendrycks & Gimpel, "Gaussian Error Linear
/// Units", 2016, section 2; PyTorch's GELU(approximate="tanh")). It is within 0.0005 of x Phi(x).
///
/// Computed as x sigmoid(u), u being twice the argument of tanh, which is the same and does not
/// cancel for negative x; so dy/dx = s + x s (1 - s) du/dx with s = sigmoid(u).
struct gelu : activation<gelu> {
  static constexpr const char* name = "gelu";
  static constexpr bool rectifies = true;
  static constexpr bool backward_reads_input = true; // y has each negative value twice
  static constexpr bool backward_reads_output = false;

  template <class T>
  static constexpr T apply(T x) {
    return x * math::sigmoid(twice_sqrt_2_over_pi<T> * (x + cubic<T> * x * x * x));
  }
  template <class T>
  static constexpr T derivative(T x, T) {
    const T square = x * x;
    const T s = math::sigmoid(twice_sqrt_2_over_pi<T> * (x + cubic<T> * square * x));
    const T bell = s * (T{1} - s);
    if (bell == T{0}) { // far out, where x^2 may be infinite
      return s;
    }
    return s + x * bell * twice_sqrt_2_over_pi<T> * (T{1} + T{3} * cubic<T> * square);
  }

private:
  template <class T>
  static constexpr T twice_sqrt_2_over_pi = T(1.5957691216057307117597842397375);
  template <class T>
  static constexpr T cubic = T(0.044715);
};

} // namespace mote
