#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>
#include <mote/kernels/constant_int8.hpp>
#include <mote/kernels/generic/dense.hpp>
#include <mote/kernels/generic/dense_int8.hpp>
#include <mote/kernels/vector/dense.hpp>
#include <mote/kernels/vector/dense_int8.hpp>
#include <mote/layers/initializers.hpp>
#include <mote/layers/int8_product.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote {

template <std::size_t Units, class Activation, class Rounding>
struct int8_dense;

namespace detail {

/// Changes weights and bias of a product of `Kernel` by the optimizer's rule.
template <class Kernel, std::size_t Units, class Pass, class Update>
constexpr void update_product(const Pass& pass, const Update& update) {
  constexpr std::size_t inputs = Pass::input_shape.size();
  const auto rows = pass.input.rows;
  const auto* dy = pass.output_gradient.data;
  update.visit([&](const field&, const auto& rule, auto& w, auto&... memory) {
    if constexpr (std::remove_reference_t<decltype(w)>::rank == 1) {
      Kernel::template update_bias<Units>(rows, dy, rule, w.data(), memory.data()...);
    } else {
      Kernel::template update_weights<inputs, Units>(rows, pass.input.data, dy, rule, w.data(),
                                                     memory.data()...);
    }
  });
}

} // namespace detail

/// Fully connected: y = W x + b with W [Units][inputs] and b [Units]. Takes a vector, gives a
/// vector of `Units`. dW = dy x^T, db = dy, dx = W^T dy, summed over the batch.
template <std::size_t Units, class Initializer = initializers::automatic, bias Bias = bias::learned>
struct dense : layer {
  static_assert(Units > 0, "mote::dense: the number of units must be positive");
  static constexpr const char* name = "dense";
  using expects = needs::vector;
  using initializer = Initializer;
  using with_bias = dense<Units, Initializer, mote::bias::learned>;
  static constexpr bool backward_reads_input = true;
  static constexpr bool fuses_activation = true;
  using updates_itself = dense; ///< see fused_update<>

  template <class Rounding, class Activation = identity>
  using quantized = int8_dense<Units, Activation, Rounding>;

  template <shape In, class T>
  struct parameters {
    tensor<T, Units, In.size()> weights;
    /// With an initializer, so that one without a bias can leave it out without a warning.
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
  static constexpr std::size_t macs(const shape& in) { return in.size() * Units; }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    using kernel = kernels::dense<typename Pass::isa>;
    kernel::template forward<typename Pass::activation, Pass::input_shape.size(), Units>(
        pass.input.rows, pass.input.data, pass.parameters.weights.data(),
        data_or_null(pass.parameters.bias), pass.output.data);
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    using kernel = kernels::dense<typename Pass::isa>;
    constexpr std::size_t inputs = Pass::input_shape.size();
    kernel::template parameter_gradient<inputs, Units>(
        pass.input.rows, pass.input.data, pass.output_gradient.data, pass.gradients.weights.data(),
        data_or_null(pass.gradients.bias));
    set_input_gradient(pass);
  }

  /// Backward and the optimizer's update in one.
  template <class Pass, class Update>
  static constexpr void backward_update(const Pass& pass, const Update& update) {
    set_input_gradient(pass); // by the weights that gave the output
    detail::update_product<kernels::dense<typename Pass::isa>, Units>(pass, update);
  }

private:
  template <class Pass>
  static constexpr void set_input_gradient(const Pass& pass) {
    using kernel = kernels::dense<typename Pass::isa>;
    if constexpr (Pass::wants_input_gradient) {
      kernel::template input_gradient<Pass::input_shape.size(), Units>(
          pass.input.rows, pass.output_gradient.data, pass.parameters.weights.data(),
          pass.input_gradient.data);
    }
  }
};

/// A dense layer in int8, exact to FULLY_CONNECTED of the TensorFlow Lite specification with one
/// scale per unit and `Activation` as a clamp.
template <std::size_t Units, class Activation, class Rounding>
struct int8_dense : int8_product_layer<int8_dense<Units, Activation, Rounding>, Activation> {
  static constexpr const char* name = "dense";
  using expects = needs::vector;

  template <shape In, class T>
  using parameters = int8_product_parameters<tensor<std::int8_t, Units, In.size()>, Units>;

  static constexpr shape output(const shape&) { return shape{Units}; }
  static constexpr std::size_t macs(const shape& in) { return in.size() * Units; }

  template <shape In, class Isa, class Policy, class Constants>
  static constexpr std::size_t constant_bytes() {
    using kernel = kernels::constant_dense_int8<Isa, Policy>;
    if constexpr (kernel::template fits<Rounding, In.size(), Units, Constants>) {
      return kernel::template flash_bytes<Rounding, In.size(), Units, Constants>;
    } else {
      return sizeof(Constants::value);
    }
  }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    constexpr std::size_t inputs = Pass::input_shape.size();
    if constexpr (requires { typename Pass::constants; }) {
      using kernel = kernels::constant_dense_int8<typename Pass::isa, typename Pass::policy>;
      using constants = typename Pass::constants;
      if constexpr (kernel::template fits<Rounding, inputs, Units, constants>) {
        kernel::template forward<Rounding, inputs, Units, constants>(
            pass.input.rows, pass.input.data, pass.output.data);
        return;
      }
    }
    kernels::dense_int8<typename Pass::isa>::template forward<Rounding, inputs, Units>(
        pass.input.rows, pass.input.data, pass.parameters.template view<Pass>(), pass.output.data);
  }
};

} // namespace mote
