// Dense products as plain loops: what they mean, on every target and inside the compiler.
//
// An instruction set that knows better specializes `kernels::dense` for itself in a file of its
// own; one that does not gets this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels {

/// Matrices are row-major: x is [rows][Inputs], weights [Outputs][Inputs], y [rows][Outputs].
template <class Isa>
struct dense {
  /// y = activation(x weights^T + bias). Sums run from the first input to the last, then the bias,
  /// which may be null: no bias.
  template <class Activation, std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void forward(std::size_t rows, const T* x, const T* weights,
                                std::type_identity_t<const T*> bias, T* y) {
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t o = 0; o < Outputs; ++o) {
        T sum{0};
        for (std::size_t i = 0; i < Inputs; ++i) {
          sum += x[row * Inputs + i] * weights[o * Inputs + i];
        }
        y[row * Outputs + o] = Activation::apply(bias != nullptr ? sum + bias[o] : sum);
      }
    }
  }

  /// weight_gradient = dy^T x and bias_gradient = column sums of dy, where dy is [rows][Outputs].
  /// bias_gradient may be null.
  template <std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void parameter_gradient(std::size_t rows, const T* x, const T* dy,
                                           T* weight_gradient,
                                           std::type_identity_t<T*> bias_gradient) {
    for (std::size_t o = 0; o < Outputs; ++o) {
      T sum{0};
      for (std::size_t row = 0; row < rows; ++row) {
        sum += dy[row * Outputs + o];
      }
      if (bias_gradient != nullptr) {
        bias_gradient[o] = sum;
      }
      for (std::size_t i = 0; i < Inputs; ++i) {
        weight_gradient[o * Inputs + i] = T{0};
      }
      for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t i = 0; i < Inputs; ++i) {
          weight_gradient[o * Inputs + i] += dy[row * Outputs + o] * x[row * Inputs + i];
        }
      }
    }
  }

  /// dx = dy weights.
  template <std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void input_gradient(std::size_t rows, const T* dy, const T* weights, T* dx) {
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t i = 0; i < Inputs; ++i) {
        dx[row * Inputs + i] = T{0};
      }
      for (std::size_t o = 0; o < Outputs; ++o) {
        for (std::size_t i = 0; i < Inputs; ++i) {
          dx[row * Inputs + i] += dy[row * Outputs + o] * weights[o * Inputs + i];
        }
      }
    }
  }
};

} // namespace mote::kernels
