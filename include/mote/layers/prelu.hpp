#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/fixed_point.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>

#include <cstddef>
#include <cstdint>

namespace mote {

template <class Rounding>
struct int8_prelu;

/// y = x where x > 0, else a_c x, on any shape, with one trained slope a_c per channel c (He et
/// al., "Delving Deep into Rectifiers", 2015, equation 1). The channels of a vector are its
/// elements. da_c = sum of dy x over the elements of channel c with x <= 0; dx = dy or a_c dy.
///
/// Slopes start at 1/4 and do not decay, as there (section 2.1): their role is that of a bias.
struct prelu : layer {
  static constexpr const char* name = "prelu";
  static constexpr mote::aliasing aliasing = mote::aliasing::in_place;
  static constexpr bool backward_reads_input = true;
  static constexpr bool rectifies = true;

  template <class Rounding>
  using quantized = int8_prelu<Rounding>;

  template <shape In, class T>
  struct parameters {
    tensor<T, In.channels> slopes;

    template <class F, class... Parameters>
    static constexpr void visit(F&& f, Parameters&... p) {
      f(field{"slopes", role::bias, 1, 1, 0.25f}, p.slopes...);
    }
  };

  static constexpr shape output(const shape& in) { return in; }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    for_each_element(pass, [&](std::size_t i, std::size_t channel) {
      const auto x = pass.input.data[i];
      const auto product = pass.parameters.slopes[channel] * x; // in any case: no branch
      pass.output.data[i] = x > 0 ? x : product;
    });
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    using T = typename Pass::value_type;
    pass.gradients.slopes.values.fill(T{0});
    for_each_element(pass, [&](std::size_t i, std::size_t channel) {
      const T x = pass.input.data[i];
      const T dy = pass.output_gradient.data[i];
      // Products with 0 or 1: of a choice GCC makes a branch, mispredicted where signs are random.
      const auto is_negative = static_cast<T>(!(x > T{0}));
      pass.gradients.slopes[channel] += is_negative * (dy * x);
      if constexpr (Pass::wants_input_gradient) {
        const T slope = (T{1} - is_negative) + is_negative * pass.parameters.slopes[channel];
        pass.input_gradient.data[i] = slope * dy;
      }
    });
  }

private:
  /// f(index of an element, its channel) for the whole batch.
  template <class Pass, class F>
  static constexpr void for_each_element(const Pass& pass, F&& f) {
    constexpr std::size_t channels = Pass::input_shape.channels;
    const std::size_t count = pass.input.rows * Pass::input_shape.size();
    for (std::size_t first = 0; first < count; first += channels) {
      for (std::size_t channel = 0; channel < channels; ++channel) {
        f(first + channel, channel);
      }
    }
  }
};

/// prelu in int8, exact to PRELU of TensorFlow Lite: activations and slopes asymmetric per tensor,
/// one multiplier for what is positive and one for products with a slope.
template <class Rounding>
struct int8_prelu : layer {
  static constexpr const char* name = "prelu";
  using value_type = std::int8_t;
  static constexpr mote::aliasing aliasing = mote::aliasing::in_place;

  template <shape In, class T>
  struct parameters {
    tensor<std::int8_t, In.channels> slopes;
    tensor<std::int32_t, 2> multipliers; ///< Q31 mantissas: of positive inputs, of products
    tensor<std::int8_t, 2> shifts;       ///< their powers of two
    tensor<std::int8_t> slope_zero_point;
    tensor<std::int8_t> input_zero_point;
    tensor<std::int8_t> output_zero_point;

    template <class F, class... Parameters>
    static constexpr void visit(F&& f, Parameters&... p) {
      f(field{"slopes", role::bias}, p.slopes...);
      f(field{"multipliers", role::constant}, p.multipliers...);
      f(field{"shifts", role::constant}, p.shifts...);
      f(field{"slope_zero_point", role::constant}, p.slope_zero_point...);
      f(field{"input_zero_point", role::constant}, p.input_zero_point...);
      f(field{"output_zero_point", role::constant}, p.output_zero_point...);
    }
  };

  static constexpr shape output(const shape& in) { return in; }

  static constexpr affine output_affine(const affine&, const range& seen) {
    return asymmetric(seen);
  }

  /// Integers from the real parameters of `prelu`, given the mappings of its input and output.
  template <shape In, class Real>
  static constexpr parameters<In, std::int8_t> quantize(const Real& real, const affine& in,
                                                        const affine& out) {
    parameters<In, std::int8_t> result{};
    range seen;
    for (const auto slope : real.slopes.values) {
      seen.include(static_cast<float>(slope));
    }
    const affine slopes = asymmetric(seen);
    for (std::size_t channel = 0; channel < In.channels; ++channel) {
      result.slopes[channel] = mote::quantize(static_cast<double>(real.slopes[channel]), slopes);
    }
    const double factor = static_cast<double>(in.scale) / static_cast<double>(out.scale);
    const double product_factor = static_cast<double>(in.scale) *
                                  static_cast<double>(slopes.scale) /
                                  static_cast<double>(out.scale);
    const fixed_factor factors[2]{to_fixed(factor), to_fixed(product_factor)};
    for (std::size_t i = 0; i < 2; ++i) {
      result.multipliers[i] = factors[i].mantissa;
      result.shifts[i] = factors[i].shift;
    }
    result.slope_zero_point[0] = static_cast<std::int8_t>(slopes.zero_point);
    result.input_zero_point[0] = static_cast<std::int8_t>(in.zero_point);
    result.output_zero_point[0] = static_cast<std::int8_t>(out.zero_point);
    return result;
  }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    const auto read = [](const auto& elements, std::size_t i = 0) {
      return parameter_data<Pass>(elements)[i];
    };
    const auto& p = pass.parameters;
    constexpr std::size_t channels = Pass::input_shape.channels;
    const std::int32_t zero_point = read(p.output_zero_point);
    const std::size_t count = pass.input.rows * Pass::input_shape.size();
    for (std::size_t i = 0; i < count; ++i) {
      const std::int32_t x = pass.input.data[i] - read(p.input_zero_point);
      const std::int32_t slope = read(p.slopes, i % channels) - read(p.slope_zero_point);
      const std::int32_t y =
          x >= 0 ? Rounding::multiply(x, read(p.multipliers, 0), read(p.shifts, 0))
                 : Rounding::multiply(x * slope, read(p.multipliers, 1), read(p.shifts, 1));
      // Clamped before the zero point is added: a saturated product leaves no room for it.
      pass.output.data[i] =
          static_cast<std::int8_t>(clamp_to(y, -128 - zero_point, 127 - zero_point) + zero_point);
    }
  }
};

} // namespace mote
