// The common part of activations: layers that apply one function to every element.
#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/fixed_point.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>
#include <mote/core/requirements.hpp>
#include <mote/kernels/generic/elementwise.hpp>
#include <mote/kernels/vector/elementwise.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace mote {

template <class Activation, class Rounding>
struct int8_table;

/// Base of an activation. `Self` defines
///   `apply(x)`: the function;
///   `derivative(x, y)`: its derivative where it takes x to y. Only `y` may be used unless `Self`
///   redeclares `backward_reads_input = true`, which costs memory: x must then be kept. One that
///   has no use for y redeclares `backward_reads_output = false`.
/// In int8 it becomes a table of the codes nearest to its values; where TensorFlow Lite has integer
/// arithmetic of its own, `Self` defines `int8_code<Rounding>(code, in, out)`, which fills the
/// table instead.
template <class Self>
struct activation : layer {
  static constexpr mote::aliasing aliasing = mote::aliasing::in_place;
  static constexpr bool backward_reads_output = true;

  /// An elementwise function that the layer before it may apply to its results.
  static constexpr bool is_activation = true;
  /// True when `apply` and `derivative` take a vector of floats as they take one float, and do not
  /// only what the compiler vectorizes by itself.
  static constexpr bool applies_to_vectors = false;
  /// True when negative inputs give (nearly) nothing, so that weights before it start larger.
  static constexpr bool rectifies = false;
  /// True when a larger input never gives a smaller output: of several, the largest is that of the
  /// largest input.
  static constexpr bool never_decreases = false;
  /// True when the int8 form is no more than a narrower clamp of the layer before it.
  static constexpr bool clamps_int8 = false;

  /// The layer's form in integer arithmetic.
  template <class Rounding>
  using quantized = int8_table<Self, Rounding>;

  static constexpr shape output(const shape& in) { return in; }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    constexpr bool has_apply = requires(typename Pass::value_type x) {
      Self::apply(x);
    };
    static_assert(detail::require<has_apply, Self, lacks::apply_of_x>);
    kernels::elementwise<typename Pass::isa>::template forward<Self>(
        pass.input.rows * Pass::input_shape.size(), pass.input.data, pass.output.data);
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    if constexpr (Pass::wants_input_gradient) {
      constexpr bool has_derivative = requires(typename Pass::value_type x) {
        Self::derivative(x, x);
      };
      static_assert(detail::require<has_derivative, Self, lacks::derivative_of_x_and_y>);
      const auto* x = Self::backward_reads_input ? pass.input.data : pass.output.data;
      const auto* y = Self::backward_reads_output ? pass.output.data : pass.input.data;
      kernels::elementwise<typename Pass::isa>::template backward<Self>(
          pass.input.rows * Pass::input_shape.size(), x, y, pass.output_gradient.data,
          pass.input_gradient.data);
    }
  }

  /// The mapping of the int8 output: what calibration saw. Functions with a fixed range redeclare
  /// it.
  static constexpr affine output_affine(const affine&, const range& seen) {
    return asymmetric(seen);
  }
};

/// The int8 code of a bound that a clamping activation sets: the quotient is a float, as in
/// CalculateActivationRangeQuantized of TensorFlow Lite.
constexpr std::int8_t bound_code(float bound, const affine& out) {
  const double quotient = static_cast<double>(bound) / static_cast<double>(out.scale);
  // Kept where a float holds it; far beyond the codes in any case.
  const auto rounded = static_cast<float>(clamp_to(quotient, -1e9, 1e9));
  return round_to<std::int8_t>(
      static_cast<double>(round_to<std::int32_t>(static_cast<double>(rounded))) + out.zero_point);
}

/// The lowest and the highest int8 code of a layer into which `Activation` has been fused.
template <class Activation>
constexpr std::int8_t lowest_code([[maybe_unused]] const affine& out) {
  if constexpr (requires { requires Activation::clamps_int8; }) {
    return bound_code(Activation::apply(std::numeric_limits<float>::lowest()), out);
  } else {
    return -128;
  }
}
template <class Activation>
constexpr std::int8_t highest_code([[maybe_unused]] const affine& out) {
  if constexpr (requires { requires Activation::clamps_int8; }) {
    return bound_code(Activation::apply(std::numeric_limits<float>::max()), out);
  } else {
    return 127;
  }
}

/// What TensorFlow Lite computes of a code where x is only rescaled, and clamped to the codes from
/// `lowest` to `highest`: RELU and its like.
template <class Rounding>
constexpr std::int8_t rescaled_code(std::int8_t code, float factor, const affine& in,
                                    const affine& out, std::int8_t lowest, std::int8_t highest) {
  const fixed_factor fixed = to_fixed(static_cast<double>(in.scale * factor / out.scale));
  const std::int64_t x = Rounding::multiply(code - in.zero_point, fixed.mantissa, fixed.shift);
  return static_cast<std::int8_t>(clamp_to<std::int64_t>(x + out.zero_point, lowest, highest));
}

/// An activation in int8: one look-up per element in a table of all 256 answers.
template <class Activation, class Rounding>
struct int8_table : layer {
  static constexpr const char* name = Activation::name;
  using value_type = std::int8_t;
  static constexpr mote::aliasing aliasing = mote::aliasing::in_place;

  template <shape In, class T>
  struct parameters {
    tensor<std::int8_t, 256> table; // index: input code + 128

    template <class F, class... Parameters>
    static constexpr void visit(F&& f, Parameters&... p) {
      f(field{"table", role::constant}, p.table...);
    }
  };

  static constexpr shape output(const shape& in) { return in; }

  static constexpr affine output_affine(const affine& in, const range& seen) {
    return Activation::output_affine(in, seen);
  }

  /// The rounded answer for every input code.
  template <shape In>
  static constexpr parameters<In, std::int8_t> quantize(none, const affine& in, const affine& out) {
    parameters<In, std::int8_t> result{};
    for (int code = -128; code < 128; ++code) {
      result.table[static_cast<std::size_t>(code + 128)] =
          answer(static_cast<std::int8_t>(code), in, out);
    }
    return result;
  }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    const auto table = parameter_data<Pass>(pass.parameters.table);
    const auto count = pass.input.rows * Pass::input_shape.size();
    for (std::size_t i = 0; i < count; ++i) {
      pass.output.data[i] = table[static_cast<std::size_t>(pass.input.data[i] + 128)];
    }
  }

private:
  static constexpr std::int8_t answer(std::int8_t code, const affine& in, const affine& out) {
    if constexpr (requires { Activation::template int8_code<Rounding>(code, in, out); }) {
      return Activation::template int8_code<Rounding>(code, in, out);
    } else {
      return mote::quantize(Activation::apply(static_cast<double>(dequantize(code, in))), out);
    }
  }
};

} // namespace mote
