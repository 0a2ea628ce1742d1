// What the quantized forms of dense layers and convolutions share: weights symmetric with one scale
// per output channel, activations asymmetric, int32 bias (TensorFlow Lite, "8-bit quantization
// specification").
#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/math.hpp>
#include <mote/core/pass.hpp>
#include <mote/core/tensor.hpp>
#include <mote/kernels/int8_product.hpp>
#include <mote/layers/activation.hpp>

#include <cstddef>
#include <cstdint>

namespace mote {

/// `Weights` is the tensor of weights, `Outputs` the number of output channels, which are its
/// outermost extent.
template <class Weights, std::size_t Outputs>
struct int8_product_parameters {
  Weights weights;
  tensor<std::int32_t, Outputs> bias;        ///< in units of input scale x weight scale
  tensor<std::int32_t, Outputs> multipliers; ///< Q31 mantissas of
                                             ///< input scale x weight scale / output scale
  tensor<std::int8_t, Outputs> shifts;       ///< their powers of two
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

  /// What the kernels read, of the parameters of a `Pass`.
  template <class Pass>
  constexpr auto view() const {
    const auto data = [](const auto& elements) { return parameter_data<Pass>(elements); };
    return kernels::int8_product<decltype(data(weights)), decltype(data(bias))>{
        data(weights),
        data(bias),
        data(multipliers),
        data(shifts),
        data(input_zero_point)[0],
        data(output_zero_point)[0],
        data(lowest)[0],
        data(highest)[0]};
  }

  /// Integers from the real parameters of the layer, given the mappings of its input and output.
  /// `Activation` is fused into it, as a clamp.
  template <class Activation, class Real>
  static constexpr int8_product_parameters from(const Real& real, const affine& in,
                                                const affine& out) {
    int8_product_parameters result{};
    for (std::size_t o = 0; o < Outputs; ++o) {
      const float scale = weight_scale(real, o);
      for (std::size_t i = 0; i < terms; ++i) {
        const auto weight = real.weights[weight_index<Real>(o, i)];
        const double code = static_cast<double>(weight) / static_cast<double>(scale);
        result.weights[o * terms + i] =
            clamp_to(round_to<std::int8_t>(code), std::int8_t{-127}, std::int8_t{127});
      }
      const double sum_scale = static_cast<double>(in.scale) * static_cast<double>(scale);
      if constexpr (!is_none<decltype(real.bias)>) {
        result.bias[o] =
            clamp_to(round_to<std::int32_t>(static_cast<double>(real.bias[o]) / sum_scale),
                     -largest_bias, largest_bias);
      }
      const fixed_factor factor = to_fixed(sum_scale / static_cast<double>(out.scale));
      result.multipliers[o] = factor.mantissa;
      result.shifts[o] = factor.shift;
    }
    result.input_zero_point[0] = static_cast<std::int8_t>(in.zero_point);
    result.output_zero_point[0] = static_cast<std::int8_t>(out.zero_point);
    result.lowest[0] = lowest_code<Activation>(out);
    result.highest[0] = highest_code<Activation>(out);
    return result;
  }

private:
  /// How many products one output sums.
  static constexpr std::size_t terms = Weights::size / Outputs;
  static_assert(terms <= 65536, "mote: a sum of more than 65536 int8 products may leave 32 bits");

  /// What a bias may be at most so that no sum of products can leave 32 bits.
  static constexpr auto largest_bias =
      static_cast<std::int32_t>(2147483647 - static_cast<std::int64_t>(terms) * 255 * 127);

  /// Largest magnitude over 127; 1 for a channel whose weights are all zero.
  template <class Real>
  static constexpr float weight_scale(const Real& real, std::size_t o) {
    using T = typename decltype(real.weights)::value_type;
    T largest{0};
    for (std::size_t i = 0; i < terms; ++i) {
      const T magnitude = math::absolute(real.weights[weight_index<Real>(o, i)]);
      largest = magnitude > largest ? magnitude : largest;
    }
    const auto scale = static_cast<float>(largest / T{127});
    return scale > 0.0f ? scale : 1.0f;
  }
};

/// The base of such layers. `Self` defines `parameters` as int8_product_parameters.
template <class Self, class Activation>
struct int8_product_layer : layer {
  using value_type = std::int8_t;

  static constexpr affine output_affine(const affine&, const range& seen) {
    return asymmetric(seen);
  }

  /// Integers from the parameters of the real layer, given the mappings of its input and output.
  template <shape In, class Real>
  static constexpr auto quantize(const Real& real, const affine& in, const affine& out) {
    return Self::template parameters<In, std::int8_t>::template from<Activation>(real, in, out);
  }
};

} // namespace mote
