#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>
#include <mote/kernels/generic/sparse_dense.hpp>
#include <mote/kernels/generic/sparse_dense_int8.hpp>
#include <mote/kernels/vector/sparse_dense.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/initializers.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote {

template <std::size_t Units, class Activation, class Rounding>
struct int8_sparse_dense;

/// Fully connected, for inputs most of which are zero: y = W^T x + b as `dense` computes it, in
/// time that grows with the number of inputs that are not zero. W is [inputs][Units] and b [Units].
/// Takes a vector, gives a vector of `Units`. dW = x dy^T, db = dy, dx = W dy, summed over the
/// batch.
///
/// How long it takes tells something of the data: it is not for those who need constant time. -0 is
/// zero, NaN is not; an infinite weight is not seen through a zero.
///
/// Where few inputs are zero, `dense` is faster. They break even, at 784 inputs and 100 units,
/// where this share of the inputs is not zero (of MNIST's pixels it is 0.19): in float with AVX-512
/// 0.5 forward for one sample and 0.4 for batches, and in a training step with fused_update<sgd<>>
/// 0.4 for either (bench/network.cpp); in int8 against the fastest kernel 0.46 on
/// a Cortex-M4, 0.55 on an M3, 0.6 on an M0+ and 0.7 on RV32. The gradient of one sample has to be
/// written in full and is no faster; what fused_update<sgd<>> does without decay is. In int8 4 Units
/// bytes of sums and a list of up to 512 are on the stack.
template <std::size_t Units, class Initializer = initializers::automatic, bias Bias = bias::learned>
struct sparse_dense : layer {
  static_assert(Units > 0, "mote::sparse_dense: the number of units must be positive");
  static constexpr const char* name = "sparse_dense";
  using expects = needs::vector;
  using initializer = Initializer;
  using with_bias = sparse_dense<Units, Initializer, mote::bias::learned>;
  static constexpr bool backward_reads_input = true;
  static constexpr bool fuses_activation = true;
  using updates_itself = sparse_dense; ///< see fused_update<>

  template <class Rounding, class Activation = identity>
  using quantized = int8_sparse_dense<Units, Activation, Rounding>;

  template <shape In, class T>
  struct parameters {
    static constexpr bool inputs_first = true; ///< see weight_index
    tensor<T, In.size(), Units> weights;
    [[no_unique_address]] std::conditional_t<Bias == mote::bias::learned, tensor<T, Units>, none>
        bias{};

    template <class F, class... Parameters>
    static constexpr void visit(F&& f, Parameters&... p) {
      f(field{"weights", role::weight, In.size(), Units}, p.weights...);
      if constexpr (Bias == mote::bias::learned) {
        f(field{"bias", role::bias, In.size(), Units}, p.bias...);
      }
    }
  };

  static constexpr shape output(const shape&) { return shape{Units}; }
  /// If no input is zero.
  static constexpr std::size_t macs(const shape& in) { return in.size() * Units; }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    using kernel = kernels::sparse_dense<typename Pass::isa>;
    kernel::template forward<typename Pass::activation, Pass::input_shape.size(), Units>(
        pass.input.rows, pass.input.data, pass.parameters.weights.data(),
        data_or_null(pass.parameters.bias), pass.output.data);
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    using isa = typename Pass::isa;
    constexpr std::size_t inputs = Pass::input_shape.size();
    kernels::sparse_dense<isa>::template parameter_gradient<inputs, Units>(
        pass.input.rows, pass.input.data, pass.output_gradient.data, pass.gradients.weights.data(),
        data_or_null(pass.gradients.bias));
    set_input_gradient(pass);
  }

  /// Backward and the optimizer's update in one.
  template <class Pass, class Update>
  static constexpr void backward_update(const Pass& pass, const Update& update) {
    set_input_gradient(pass); // by the weights that gave the output
    detail::update_product<kernels::sparse_dense<typename Pass::isa>, Units>(pass, update);
  }

private:
  template <class Pass>
  static constexpr void set_input_gradient(const Pass& pass) {
    if constexpr (Pass::wants_input_gradient) {
      // W dy is what a dense layer with these weights makes of dy.
      kernels::dense<typename Pass::isa>::template forward<identity, Units,
                                                           Pass::input_shape.size()>(
          pass.input.rows, pass.output_gradient.data, pass.parameters.weights.data(), nullptr,
          pass.input_gradient.data);
    }
  }
};

/// The same parameters and outputs as int8_dense, bit for bit: an input is zero when its code is
/// the zero point. Where there is no kernel that passes by zeros, as on Helium, it is int8_dense.
template <std::size_t Units, class Activation, class Rounding>
struct int8_sparse_dense : int8_dense<Units, Activation, Rounding> {
  using dense = int8_dense<Units, Activation, Rounding>;
  static constexpr const char* name = "sparse_dense";

  template <shape In, class Isa, class Policy, class Constants>
  static constexpr std::size_t constant_bytes() {
    using kernel = kernels::constant_sparse_dense_int8<Isa, Policy>;
    if constexpr (kernel::template fits<Rounding, In.size(), Units, Constants>) {
      return kernel::template flash_bytes<Rounding, In.size(), Units, Constants>;
    } else {
      return dense::template constant_bytes<In, Isa, Policy, Constants>();
    }
  }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    constexpr std::size_t inputs = Pass::input_shape.size();
    if constexpr (requires { typename Pass::constants; }) {
      using isa = typename Pass::isa;
      using policy = typename Pass::policy;
      using constants = typename Pass::constants;
      using kernel = kernels::constant_sparse_dense_int8<isa, policy>;
      if constexpr (kernel::template fits<Rounding, inputs, Units, constants>) {
        return kernel::template forward<Rounding, inputs, Units, constants>(
            pass.input.rows, pass.input.data, pass.output.data);
      } else if constexpr (kernels::constant_dense_int8<isa, policy>::template fits<
                               Rounding, inputs, Units, constants>) {
        return dense::forward(pass);
      }
    }
    kernels::sparse_dense_int8<typename Pass::isa>::template forward<Rounding, inputs, Units>(
        pass.input.rows, pass.input.data, pass.parameters.template view<Pass>(), pass.output.data);
  }
};

} // namespace mote
