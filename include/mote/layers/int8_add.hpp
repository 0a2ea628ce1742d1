#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/fixed_point.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>
#include <mote/core/tensor.hpp>
#include <mote/layers/activation.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace mote {

/// The sum of two values in int8, exact to ADD of the TensorFlow Lite specification: both are
/// brought to half of the larger scale with 20 bits more, added, and brought to the output's scale;
/// `Activation` as a clamp. `Real` is the layer `add`.
template <class Real, class Activation, class Rounding>
struct int8_add : layer {
  static constexpr const char* name = Real::name;
  using value_type = std::int8_t;
  using expects = typename Real::expects;
  static constexpr mote::aliasing aliasing = mote::aliasing::in_place;

  template <shape In, class T>
  struct parameters {
    tensor<std::int32_t, 3> multipliers; ///< of both inputs and of the output, Q31 mantissas
    tensor<std::int8_t, 3> shifts;       ///< their powers of two
    tensor<std::int8_t, 3> zero_points;
    tensor<std::int8_t> lowest; ///< of the output codes
    tensor<std::int8_t> highest;

    template <class F, class... Parameters>
    static constexpr void visit(F&& f, Parameters&... p) {
      f(field{"multipliers", role::constant}, p.multipliers...);
      f(field{"shifts", role::constant}, p.shifts...);
      f(field{"zero_points", role::constant}, p.zero_points...);
      f(field{"lowest", role::constant}, p.lowest...);
      f(field{"highest", role::constant}, p.highest...);
    }
  };

  static constexpr shape output(const shape& first, const shape&) { return first; }

  static constexpr affine output_affine(const affine&, const affine&, const range& seen) {
    return asymmetric(seen);
  }

  template <shape In>
  static constexpr auto quantize(none, const affine& first, const affine& second,
                                 const affine& out) {
    parameters<In, std::int8_t> result{};
    const double unit = 2.0 * static_cast<double>(std::max(first.scale, second.scale));
    set(result, 0, static_cast<double>(first.scale) / unit, first);
    set(result, 1, static_cast<double>(second.scale) / unit, second);
    set(result, 2,
        unit /
            (static_cast<double>(std::int32_t{1} << extra_bits) * static_cast<double>(out.scale)),
        out);
    result.lowest[0] = lowest_code<Activation>(out);
    result.highest[0] = highest_code<Activation>(out);
    return result;
  }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    const auto multipliers = parameter_data<Pass>(pass.parameters.multipliers);
    const auto shifts = parameter_data<Pass>(pass.parameters.shifts);
    const auto zero_points = parameter_data<Pass>(pass.parameters.zero_points);
    const std::int32_t zero_point = zero_points[2];
    const std::int32_t lowest = parameter_data<Pass>(pass.parameters.lowest)[0] - zero_point;
    const std::int32_t highest = parameter_data<Pass>(pass.parameters.highest)[0] - zero_point;
    const auto part = [&](std::size_t which, std::int8_t code) {
      const std::int32_t wide = std::int32_t{code} - zero_points[which];
      return Rounding::multiply(wide * (std::int32_t{1} << extra_bits), multipliers[which],
                                shifts[which]);
    };
    for (std::size_t i = 0; i < pass.output.elements().size(); ++i) {
      const std::int32_t sum = part(0, pass.inputs[0][i]) + part(1, pass.inputs[1][i]);
      const std::int32_t scaled = Rounding::multiply(sum, multipliers[2], shifts[2]);
      pass.output.data[i] =
          static_cast<std::int8_t>(clamp_to(scaled, lowest, highest) + zero_point);
    }
  }

private:
  static constexpr int extra_bits = 20;

  template <class Parameters>
  static constexpr void set(Parameters& p, std::size_t i, double factor, const affine& mapping) {
    const fixed_factor fixed = to_fixed(factor);
    p.multipliers[i] = fixed.mantissa;
    p.shifts[i] = fixed.shift;
    p.zero_points[i] = static_cast<std::int8_t>(mapping.zero_point);
  }
};

} // namespace mote
