// Dense products as plain loops: what they mean, on every target and inside the compiler.
//
// An instruction set that knows better specializes `kernels::dense` for itself in a file of its
// own; one that does not gets this.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels {

/// Whether an optimizer's rule says with is_idle_at_zero() that there is nothing to do where the
/// gradient is zero.
template <class Rule>
constexpr bool is_idle_at_zero(const Rule& rule) {
  if constexpr (requires { rule.is_idle_at_zero(); }) {
    return rule.is_idle_at_zero();
  } else {
    return false;
  }
}

/// The order of packed weights, the same for every instruction set: panels of at most 64 outputs,
/// each [Inputs][outputs], so that a product adds up outputs side by side in registers and none has
/// to be summed over its lanes in the end. Outputs that would fill less than half a register of 16
/// follow as they are in [Outputs][Inputs].
template <std::size_t Inputs, std::size_t Outputs>
struct packed_weights {
  static constexpr std::size_t group = 16;
  static constexpr std::size_t rest = Outputs % group < group / 2 ? Outputs % group : 0;
  static constexpr std::size_t in_panels = Outputs - rest;

  /// Outputs in a panel; in the last one are those that are left.
  static constexpr std::size_t panel = [] {
    constexpr std::size_t groups = std::max<std::size_t>(1, (in_panels + group - 1) / group);
    constexpr std::size_t panels = (groups + 3) / 4;
    return (groups + panels - 1) / panels * group;
  }();

  static constexpr std::size_t index(std::size_t output, std::size_t input) {
    if (output >= in_panels) {
      return output * Inputs + input;
    }
    const std::size_t first = output / panel * panel;
    return first * Inputs + input * std::min(panel, in_panels - first) + output - first;
  }
};

/// Matrices are row-major: x is [rows][Inputs], weights [Outputs][Inputs], y [rows][Outputs].
template <class Isa>
struct dense {
  /// y = activation(x weights^T + bias). Sums run from the first input to the last, then the bias,
  /// which may be null: no bias.
  template <class Activation, std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void forward(std::size_t rows, const T* x, const T* weights,
                                std::type_identity_t<const T*> bias, T* y) {
    products<Activation, Inputs, Outputs>(
        rows, x, weights, bias, y, [](std::size_t o, std::size_t i) { return o * Inputs + i; });
  }

  /// The same with the weights in the order of packed_weights.
  template <class Activation, std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void packed_forward(std::size_t rows, const T* x, const T* weights,
                                       std::type_identity_t<const T*> bias, T* y) {
    products<Activation, Inputs, Outputs>(rows, x, weights, bias, y,
                                          packed_weights<Inputs, Outputs>::index);
  }

  /// weight_gradient = dy^T x and bias_gradient = column sums of dy, where dy is [rows][Outputs].
  /// bias_gradient may be null.
  template <std::size_t Inputs, std::size_t Outputs, class T>
  static constexpr void parameter_gradient(std::size_t rows, const T* x, const T* dy,
                                           T* weight_gradient,
                                           std::type_identity_t<T*> bias_gradient) {
    if (bias_gradient != nullptr) {
      bias_sums<Outputs>(rows, dy, [&](std::size_t o, T sum) { bias_gradient[o] = sum; });
    }
    weight_sums<Inputs, Outputs>(rows, x, dy,
                                 [&](std::size_t at, T sum) { weight_gradient[at] = sum; });
  }

  /// rule(w, g, m...) for each weight, its gradient as above and what the optimizer keeps for it.
  /// Where the rule is idle at zero, weights whose gradient is zero may be left out.
  template <std::size_t Inputs, std::size_t Outputs, class T, class Rule, class... Memory>
  static constexpr void update_weights(std::size_t rows, const T* x, const T* dy, const Rule& rule,
                                       T* weights, Memory*... memory) {
    weight_sums<Inputs, Outputs>(
        rows, x, dy, [&](std::size_t at, T sum) { rule(weights[at], sum, memory[at]...); });
  }

  /// The same for the bias.
  template <std::size_t Outputs, class T, class Rule, class... Memory>
  static constexpr void update_bias(std::size_t rows, const T* dy, const Rule& rule, T* bias,
                                    Memory*... memory) {
    bias_sums<Outputs>(rows, dy, [&](std::size_t o, T sum) { rule(bias[o], sum, memory[o]...); });
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

private:
  template <class Activation, std::size_t Inputs, std::size_t Outputs, class T, class WeightIndex>
  static constexpr void products(std::size_t rows, const T* x, const T* weights, const T* bias,
                                 T* y, WeightIndex&& index) {
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t o = 0; o < Outputs; ++o) {
        T sum{0};
        for (std::size_t i = 0; i < Inputs; ++i) {
          sum += x[row * Inputs + i] * weights[index(o, i)];
        }
        y[row * Outputs + o] = Activation::apply(bias != nullptr ? sum + bias[o] : sum);
      }
    }
  }

  /// finish(o, sum over the rows of dy[row][o])
  template <std::size_t Outputs, class T, class Finish>
  static constexpr void bias_sums(std::size_t rows, const T* dy, Finish&& finish) {
    for (std::size_t o = 0; o < Outputs; ++o) {
      T sum{0};
      for (std::size_t row = 0; row < rows; ++row) {
        sum += dy[row * Outputs + o];
      }
      finish(o, sum);
    }
  }

  /// finish(o * Inputs + i, sum over the rows of dy[row][o] x[row][i])
  template <std::size_t Inputs, std::size_t Outputs, class T, class Finish>
  static constexpr void weight_sums(std::size_t rows, const T* x, const T* dy, Finish&& finish) {
    for (std::size_t o = 0; o < Outputs; ++o) {
      for (std::size_t i = 0; i < Inputs; ++i) {
        T sum{0};
        for (std::size_t row = 0; row < rows; ++row) {
          sum += dy[row * Outputs + o] * x[row * Inputs + i];
        }
        finish(o * Inputs + i, sum);
      }
    }
  }
};

} // namespace mote::kernels
