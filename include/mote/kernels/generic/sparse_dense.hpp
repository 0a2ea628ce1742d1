// Dense products that pass by inputs that are zero, as plain loops: what they mean, on every target
// and inside the compiler.
#pragma once

#include <mote/kernels/generic/dense.hpp>

#include <cstddef>
#include <type_traits>

namespace mote::kernels {

/// Matrices are row-major: x is [rows][Inputs], weights [Inputs][Outputs], y and dy
/// [rows][Outputs]. -0 is zero, NaN is not. The gradient of the input is dense:
/// dense<Isa>::forward of dy.
template <class Isa>
struct sparse_dense {
  /// y = activation(bias + the sum of x weights over the inputs that are not zero, from the first
  /// to the last). The bias may be null: no bias.
  template <class Activation, std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void forward(std::size_t rows, const T* x, const T* weights,
                                std::type_identity_t<const T*> bias, T* y) {
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t o = 0; o < Outputs; ++o) {
        y[o] = bias != nullptr ? bias[o] : T{0};
      }
      for (std::size_t i = 0; i < Inputs; ++i) {
        if (x[i] != T{0}) {
          for (std::size_t o = 0; o < Outputs; ++o) {
            y[o] += x[i] * weights[i * Outputs + o];
          }
        }
      }
      for (std::size_t o = 0; o < Outputs; ++o) {
        y[o] = Activation::apply(y[o]);
      }
      x += Inputs;
      y += Outputs;
    }
  }

  /// weight_gradient[i] = the sum of x[i] dy over the rows whose input i is not zero, and
  /// bias_gradient = column sums of dy. bias_gradient may be null.
  template <std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void parameter_gradient(std::size_t rows, const T* x, const T* dy,
                                           T* weight_gradient,
                                           std::type_identity_t<T*> bias_gradient) {
    const auto assign = [](T& to, T sum) { to = sum; };
    if (bias_gradient != nullptr) {
      update_bias<Outputs>(rows, dy, assign, bias_gradient);
    }
    update_weights<Inputs, Outputs>(rows, x, dy, assign, weight_gradient);
  }

  /// rule(w, g, m...) for each weight, its gradient as above and what the optimizer keeps for it. Where
  /// the rule is idle at zero, weights whose gradient is zero may be left out.
  template <std::size_t Inputs, std::size_t Outputs, class T, class Rule, class... Memory>
  static constexpr void update_weights(std::size_t rows, const T* x, const T* dy, const Rule& rule,
                                       T* weights, Memory*... memory) {
    for (std::size_t i = 0; i < Inputs; ++i) {
      for (std::size_t o = 0; o < Outputs; ++o) {
        T sum{0};
        for (std::size_t row = 0; row < rows; ++row) {
          const T factor = x[row * Inputs + i];
          sum += factor != T{0} ? factor * dy[row * Outputs + o] : T{0};
        }
        const std::size_t at = i * Outputs + o;
        rule(weights[at], sum, memory[at]...);
      }
    }
  }

  /// The same for the bias.
  template <std::size_t Outputs, class T, class Rule, class... Memory>
  static constexpr void update_bias(std::size_t rows, const T* dy, const Rule& rule, T* bias,
                                    Memory*... memory) {
    dense<Isa>::template update_bias<Outputs>(rows, dy, rule, bias, memory...);
  }
};

} // namespace mote::kernels
