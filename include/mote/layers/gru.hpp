#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/math.hpp>
#include <mote/core/pass.hpp>
#include <mote/kernels/generic/dense.hpp>
#include <mote/kernels/vector/dense.hpp>
#include <mote/layers/initializers.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

namespace mote {

/// Which states of a recurrent layer are its output.
enum class states {
  last, ///< the one after the last step: a vector
  all   ///< the one after each step: a sequence
};

/// Gated recurrent unit (Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder",
/// 2014, equations 5 to 8) with the reset gate behind the recurrent product, as in PyTorch and
/// cuDNN. Takes a sequence {steps, channels}, gives the state {Units} after its last step, or with
/// states::all {steps, Units}. The state h starts at zero; per step, . being elementwise:
///   r = sigmoid(W_r x + b_r + U_r h + c_r)
///   z = sigmoid(W_z x + b_z + U_z h + c_z)
///   n = tanh(W_n x + b_n + r . (U_n h + c_n))
///   h = (1 - z) . n + z . h
/// The gates r, z, n lie one after the other in W [3 Units][channels], U [3 Units][Units], b and c
/// [3 Units]: the parameters weights, recurrent_weights, bias and recurrent_bias, in PyTorch's
/// layout of weight_ih, weight_hh, bias_ih and bias_hh.
///
/// Inference takes 6 Units elements of stack, training 7 Units per step and sample in the cache.
template <std::size_t Units, states States = states::last,
          class Initializer = initializers::automatic>
struct gru : layer {
  static_assert(Units > 0, "mote::gru: the number of units must be positive");
  static constexpr const char* name = "gru";
  using expects = needs::sequence;
  /// Behind the products are its own gates, whatever follows it.
  using initializer = std::conditional_t<std::is_same_v<Initializer, initializers::automatic>,
                                         initializers::glorot, Initializer>;
  static constexpr bool backward_reads_input = true;

  template <shape In, class T>
  struct parameters {
    tensor<T, 3 * Units, In.channels> weights;
    tensor<T, 3 * Units, Units> recurrent_weights;
    tensor<T, 3 * Units> bias;
    tensor<T, 3 * Units> recurrent_bias;

    template <class F, class... Parameters>
    static constexpr void visit(F&& f, Parameters&... p) {
      f(field{"weights", role::weight, In.channels, 3 * Units}, p.weights...);
      f(field{"recurrent_weights", role::weight, Units, 3 * Units}, p.recurrent_weights...);
      f(field{"bias", role::bias, In.channels, 3 * Units}, p.bias...);
      f(field{"recurrent_bias", role::bias, Units, 3 * Units}, p.recurrent_bias...);
    }
  };

  /// What belongs to the input is ordered as the input is, sample by sample; what belongs to the
  /// state is ordered step by step. So every product is one of matrices without gaps.
  template <shape In, class T, std::size_t Batch>
  struct cache {
    /// [samples][steps][3 Units]: W x + b, then r, z, n; on the way back the gradient by W x + b.
    tensor<T, Batch, In.width, 3 * Units> gates;
    /// [steps][samples][3 Units]: U h + c, then the gradient by it.
    tensor<T, In.width, Batch, 3 * Units> recurrent;
    /// [1 + steps][samples][Units]: the state before each step, and after the last.
    tensor<T, In.width + 1, Batch, Units> states;
    /// [samples][Units]: the gradient by the state, as far as it comes through z . h ...
    tensor<T, Batch, Units> kept_gradient;
    /// ... and through U h.
    tensor<T, Batch, Units> recurrent_gradient;
  };

  static constexpr shape output(const shape& in) {
    return States == states::all ? shape{in.width, Units} : shape{Units};
  }
  static constexpr std::size_t macs(const shape& in) {
    return in.width * 3 * Units * (in.channels + Units);
  }

  /// One step, for samples as they arrive: from the input x and the state h before it to the state
  /// after it, in place. Start with zeros; after T steps `state` is what `forward` gives for a
  /// sequence of T steps, to the bit. `In` is the shape that the network was trained on; only its
  /// channels matter here. Takes 6 Units elements of stack.
  template <class Isa = isa::native, shape In, class T>
  static constexpr void step(const parameters<In, T>& p,
                             std::type_identity_t<std::span<const T, In.channels>> x,
                             std::type_identity_t<std::span<T, Units>> state) {
    advance<Isa>(p, x.data(), state.data(), state.data());
  }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    using T = typename Pass::value_type;
    constexpr shape in = Pass::input_shape;
    for (std::size_t row = 0; row < pass.input.rows; ++row) {
      const T* x = pass.input[row].data();
      T* next = pass.output[row].data();
      const T* previous = next;
      std::fill_n(next, Units, T{0});
      for (std::size_t step = 0; step < in.width; ++step) {
        advance<typename Pass::isa>(pass.parameters, x, previous, next);
        x += in.channels;
        previous = next;
        next += States == states::all ? Units : 0;
      }
    }
  }

  template <class Pass>
  static constexpr void train_forward(const Pass& pass) {
    using T = typename Pass::value_type;
    using kernel = kernels::dense<typename Pass::isa>;
    constexpr shape in = Pass::input_shape;
    const std::size_t rows = pass.input.rows;
    const auto& p = pass.parameters;
    kernel::template forward<identity, in.channels, 3 * Units>(
        rows * in.width, pass.input.data, p.weights.data(), p.bias.data(), pass.cache.gates.data());
    std::fill_n(pass.cache.states.data(), rows * Units, T{0});
    for (std::size_t step = 0; step < in.width; ++step) {
      T* const recurrent = pass.cache.recurrent.data() + step * rows * 3 * Units;
      const T* const previous = pass.cache.states.data() + step * rows * Units;
      T* const next = pass.cache.states.data() + (step + 1) * rows * Units;
      kernel::template forward<identity, Units, 3 * Units>(
          rows, previous, p.recurrent_weights.data(), p.recurrent_bias.data(), recurrent);
      for (std::size_t row = 0; row < rows; ++row) {
        T* const gates = pass.cache.gates.data() + (row * in.width + step) * 3 * Units;
        apply_gates(gates, recurrent + row * 3 * Units, previous + row * Units, next + row * Units);
        if (T* const y = output_at<in>(pass.output[row].data(), step)) {
          std::copy_n(next + row * Units, Units, y);
        }
      }
    }
  }

  /// Backward through time. With a = W x + b, s = U h + c and h' the state after the step:
  ///   dn = dh' (1 - z), dz = dh' (h - n); da_n = dn (1 - n^2), da_z = dz z (1 - z),
  ///   da_r = da_n s_n r (1 - r); ds = (da_r, da_z, r da_n); dh = z dh' + U^T ds + dy.
  /// Then W, b and x take da, and U and c take ds, as in dense over all steps.
  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    using kernel = kernels::dense<typename Pass::isa>;
    constexpr shape in = Pass::input_shape;
    const std::size_t rows = pass.input.rows;
    const auto& p = pass.parameters;
    backward_through_time(pass);
    kernel::template parameter_gradient<in.channels, 3 * Units>(
        rows * in.width, pass.input.data, pass.cache.gates.data(), pass.gradients.weights.data(),
        pass.gradients.bias.data());
    kernel::template parameter_gradient<Units, 3 * Units>(
        rows * in.width, pass.cache.states.data(), pass.cache.recurrent.data(),
        pass.gradients.recurrent_weights.data(), pass.gradients.recurrent_bias.data());
    if constexpr (Pass::wants_input_gradient) {
      kernel::template input_gradient<in.channels, 3 * Units>(
          rows * in.width, pass.cache.gates.data(), p.weights.data(), pass.input_gradient.data);
    }
  }

private:
  /// Where the state after `step` belongs in a sample's output (or its gradient comes from): null
  /// when it does not.
  template <shape In, class T>
  static constexpr T* output_at(T* y, std::size_t step) {
    if constexpr (States == states::all) {
      return y + step * Units;
    } else {
      return step + 1 == In.width ? y : nullptr;
    }
  }

  /// The state after one step of one sample; `next` may be `previous`.
  template <class Isa, shape In, class T>
  static constexpr void advance(const parameters<In, T>& p, const T* x, const T* previous,
                                T* next) {
    using kernel = kernels::dense<Isa>;
    std::array<T, 3 * Units> gates{};
    std::array<T, 3 * Units> recurrent{};
    kernel::template forward<identity, In.channels, 3 * Units>(1, x, p.weights.data(),
                                                               p.bias.data(), gates.data());
    kernel::template forward<identity, Units, 3 * Units>(1, previous, p.recurrent_weights.data(),
                                                         p.recurrent_bias.data(), recurrent.data());
    apply_gates(gates.data(), recurrent.data(), previous, next);
  }

  /// From both products of one sample to r, z, n in place of the first, and to the next state.
  template <class T>
  static constexpr void apply_gates(T* gates, const T* recurrent, const T* previous, T* next) {
    for (std::size_t u = 0; u < Units; ++u) {
      const T r = math::sigmoid(gates[u] + recurrent[u]);
      const T z = math::sigmoid(gates[Units + u] + recurrent[Units + u]);
      const T n = math::tanh(gates[2 * Units + u] + r * recurrent[2 * Units + u]);
      gates[u] = r;
      gates[Units + u] = z;
      gates[2 * Units + u] = n;
      next[u] = (T{1} - z) * n + z * previous[u];
    }
  }

  /// Puts the gradients by W x + b and by U h + c where `gates` and `recurrent` are.
  template <class Pass>
  static constexpr void backward_through_time(const Pass& pass) {
    using T = typename Pass::value_type;
    constexpr shape in = Pass::input_shape;
    const std::size_t rows = pass.input.rows;
    T* const kept = pass.cache.kept_gradient.data();
    T* const through = pass.cache.recurrent_gradient.data();
    std::fill_n(kept, rows * Units, T{0});
    std::fill_n(through, rows * Units, T{0});
    for (std::size_t step = in.width; step-- > 0;) {
      T* const recurrent = pass.cache.recurrent.data() + step * rows * 3 * Units;
      const T* const previous = pass.cache.states.data() + step * rows * Units;
      for (std::size_t row = 0; row < rows; ++row) {
        const T* const dy = output_at<in>(pass.output_gradient[row].data(), step);
        T* const gates = pass.cache.gates.data() + (row * in.width + step) * 3 * Units;
        for (std::size_t u = 0; u < Units; ++u) {
          const std::size_t i = row * Units + u;
          const T slope = kept[i] + through[i] + (dy != nullptr ? dy[u] : T{0});
          kept[i] = gate_gradients(gates + u, recurrent + row * 3 * Units + u, previous[i], slope);
        }
      }
      kernels::dense<typename Pass::isa>::template input_gradient<Units, 3 * Units>(
          rows, recurrent, pass.parameters.recurrent_weights.data(), through);
    }
  }

  /// The same for one unit, whose gates are Units elements apart. `slope` is the gradient by the
  /// state after the step; returns what of it goes past the gates to the one before.
  template <class T>
  static constexpr T gate_gradients(T* gates, T* recurrent, T previous, T slope) {
    const T r = gates[0];
    const T z = gates[Units];
    const T n = gates[2 * Units];
    const T slope_n = slope * (T{1} - z) * (T{1} - n * n);
    const T slope_z = slope * (previous - n) * z * (T{1} - z);
    const T slope_r = slope_n * recurrent[2 * Units] * r * (T{1} - r);
    gates[0] = recurrent[0] = slope_r;
    gates[Units] = recurrent[Units] = slope_z;
    gates[2 * Units] = slope_n;
    recurrent[2 * Units] = slope_n * r;
    return slope * z;
  }
};

} // namespace mote
