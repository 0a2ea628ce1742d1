#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/math.hpp>
#include <mote/core/pass.hpp>
#include <mote/kernels/generic/dense.hpp>
#include <mote/kernels/generic/dense_int8.hpp>
#include <mote/kernels/vector/dense.hpp>
#include <mote/layers/activation.hpp>
#include <mote/layers/initializers.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote {

template <std::size_t Units, class Activation, class Rounding>
struct int8_dense;

/// Whether a layer adds a learned constant to each output.
enum class bias { none, learned };

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
    if constexpr (Pass::wants_input_gradient) {
      kernel::template input_gradient<inputs, Units>(pass.input.rows, pass.output_gradient.data,
                                                     pass.parameters.weights.data(),
                                                     pass.input_gradient.data);
    }
  }
};

/// A dense layer in int8, exact to FULLY_CONNECTED of the TensorFlow Lite specification: weights
/// symmetric with one scale per unit, activations asymmetric, int32 bias, `Activation` as a clamp.
template <std::size_t Units, class Activation, class Rounding>
struct int8_dense : layer {
  static constexpr const char* name = "dense";
  using value_type = std::int8_t;
  using expects = needs::vector;

  template <shape In, class T>
  struct parameters {
    tensor<std::int8_t, Units, In.size()> weights;
    tensor<std::int32_t, Units> bias; ///< in units of input scale x weight scale
    tensor<std::int32_t, Units>
        multipliers; ///< Q31 mantissas of input scale x weight scale / output scale
    tensor<std::int8_t, Units> shifts; ///< their powers of two
    tensor<std::int8_t> input_zero_point;
    tensor<std::int8_t> output_zero_point;
    tensor<std::int8_t> lowest; ///< of the output codes
    tensor<std::int8_t> highest;

    template <class F, class... Parameters>
    static constexpr void visit(F&& f, Parameters&... p) {
      f(field{"weights", role::weight}, p.weights...);
      f(field{"bias", role::bias}, p.bias...);
      f(field{"multipliers", role::constant}, p.multipliers...);
      f(field{"shifts", role::constant}, p.shifts...);
      f(field{"input_zero_point", role::constant}, p.input_zero_point...);
      f(field{"output_zero_point", role::constant}, p.output_zero_point...);
      f(field{"lowest", role::constant}, p.lowest...);
      f(field{"highest", role::constant}, p.highest...);
    }
  };

  static constexpr shape output(const shape&) { return shape{Units}; }
  static constexpr std::size_t macs(const shape& in) { return in.size() * Units; }

  static constexpr affine output_affine(const affine&, const range& seen) {
    return asymmetric(seen);
  }

  /// Integers from the real parameters of `dense`, given the mappings of its input and output.
  template <shape In, class Real>
  static constexpr parameters<In, std::int8_t> quantize(const Real& real, const affine& in,
                                                        const affine& out) {
    constexpr std::size_t inputs = In.size();
    parameters<In, std::int8_t> result{};
    for (std::size_t unit = 0; unit < Units; ++unit) {
      const auto* weights = real.weights.data() + unit * inputs;
      const float scale = weight_scale(weights, inputs);
      for (std::size_t i = 0; i < inputs; ++i) {
        const double code = static_cast<double>(weights[i]) / static_cast<double>(scale);
        result.weights[unit * inputs + i] =
            clamp_to(round_to<std::int8_t>(code), std::int8_t{-127}, std::int8_t{127});
      }
      const double sum_scale = static_cast<double>(in.scale) * static_cast<double>(scale);
      if constexpr (!is_none<decltype(real.bias)>) {
        result.bias[unit] =
            clamp_to(round_to<std::int32_t>(static_cast<double>(real.bias[unit]) / sum_scale),
                     -largest_bias<inputs>, largest_bias<inputs>);
      }
      const fixed_factor factor = to_fixed(sum_scale / static_cast<double>(out.scale));
      result.multipliers[unit] = factor.mantissa;
      result.shifts[unit] = factor.shift;
    }
    result.input_zero_point[0] = static_cast<std::int8_t>(in.zero_point);
    result.output_zero_point[0] = static_cast<std::int8_t>(out.zero_point);
    result.lowest[0] = lowest_code<Activation>(out);
    result.highest[0] = highest_code<Activation>(out);
    return result;
  }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    const auto& p = pass.parameters;
    const kernels::dense_int8_view view{
        p.weights.data(),      p.bias.data(),          p.multipliers.data(), p.shifts.data(),
        p.input_zero_point[0], p.output_zero_point[0], p.lowest[0],          p.highest[0]};
    kernels::dense_int8<typename Pass::isa>::template forward<Rounding, Pass::input_shape.size(),
                                                              Units>(
        pass.input.rows, pass.input.data, view, pass.output.data);
  }

private:
  /// What a bias may be at most so that no sum of products can leave 32 bits.
  template <std::size_t Inputs>
  static constexpr std::int32_t largest_bias =
      static_cast<std::int32_t>(2147483647 - static_cast<std::int64_t>(Inputs) * 255 * 127);

  /// Largest magnitude over 127; 1 for a unit whose weights are all zero.
  template <class T>
  static constexpr float weight_scale(const T* weights, std::size_t count) {
    T largest{0};
    for (std::size_t i = 0; i < count; ++i) {
      const T magnitude = math::absolute(weights[i]);
      largest = magnitude > largest ? magnitude : largest;
    }
    const auto scale = static_cast<float>(largest / T{127});
    return scale > 0.0f ? scale : 1.0f;
  }
};

} // namespace mote
