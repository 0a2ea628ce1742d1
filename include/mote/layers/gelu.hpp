#pragma once

#include <mote/core/math.hpp>
#include <mote/core/vector_math.hpp>
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

  static constexpr bool applies_to_vectors = true;

  template <class T>
  static constexpr T apply(T x) {
    return x * math::sigmoid(twice_sqrt_2_over_pi<T> * (x + cubic<T> * x * x * x));
  }
  template <class T>
  static constexpr T derivative(T x, T) {
    using number = typename math::number_of<T>::type;
    const T square = x * x;
    const T s = math::sigmoid(twice_sqrt_2_over_pi<T> * (x + cubic<T> * square * x));
    const T bell = s * (number{1} - s);
    const T tilt = x * bell * twice_sqrt_2_over_pi<T> * (number{1} + number{3} * cubic<T> * square);
    return bell == number{0} ? s : s + tilt; // far out, where x^2 may be infinite
  }

private:
  template <class T>
  static constexpr auto
      twice_sqrt_2_over_pi = typename math::number_of<T>::type(1.5957691216057307117597842397375);
  template <class T>
  static constexpr auto cubic = typename math::number_of<T>::type(0.044715);
};

} // namespace mote
