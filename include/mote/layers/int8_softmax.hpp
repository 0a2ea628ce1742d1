#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/fixed_point.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/tensor.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace mote {

/// Softmax over the channels in int8, exact to SOFTMAX of the TensorFlow Lite specification, which
/// computes in fixed-point numbers of 32 bits (raw values here; Qn has n fractional bits). A row
/// has only 256 possible distances from its largest code, so their exponentials are a table.
template <class Real, class Rounding>
struct int8_softmax : layer {
  static constexpr const char* name = Real::name;
  using value_type = std::int8_t;
  static constexpr mote::aliasing aliasing = mote::aliasing::in_place;

  template <shape In, class T>
  struct parameters {
    /// e^(-scale i) in Q31 for a code that lies i below the largest; 0 where it is too small.
    tensor<std::int32_t, 256> exponentials;

    template <class F, class... Parameters>
    static constexpr void visit(F&& f, Parameters&... p) {
      f(field{"exponentials", role::constant}, p.exponentials...);
    }
  };

  static constexpr shape output(const shape& in) { return in; }

  /// Probabilities: 0 to 255/256.
  static constexpr affine output_affine(const affine&, const range&) {
    return {1.0f / 256.0f, -128};
  }

  template <shape In>
  static constexpr auto quantize(none, const affine& in, const affine&) {
    parameters<In, std::int8_t> result{};
    // A distance in Q26, which has room for 5 bits before the point.
    const fixed_factor factor =
        to_fixed(std::min(static_cast<double>(in.scale) * 0x1p26, 0x1p31 - 1.0));
    const std::int64_t largest_distance =
        factor.shift < 0 ? 255 : (std::int64_t{31} << 26) >> factor.shift;
    for (std::int32_t i = 0; i < 256 && i <= largest_distance; ++i) {
      result.exponentials[static_cast<std::size_t>(i)] =
          exponential(Rounding::multiply(-i, factor.mantissa, factor.shift));
    }
    return result;
  }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    constexpr std::size_t channels = Pass::input_shape.channels;
    static_assert(channels < 4096, "mote::softmax: in int8 less than 4096 channels can be summed");
    const std::size_t count = pass.input.rows * Pass::input_shape.size();
    for (std::size_t first = 0; first < count; first += channels) {
      normalize<channels>(parameter_data<Pass>(pass.parameters.exponentials),
                          pass.input.data + first, pass.output.data + first);
    }
  }

private:
  static constexpr std::int32_t product(std::int32_t a, std::int32_t b) {
    return rounding::twice::doubling_high_product(a, b);
  }
  static constexpr std::int32_t divide(std::int32_t x, int exponent) {
    return rounding::twice::divide_by_power_of_two(x, exponent);
  }

  template <std::size_t Channels, class Int32s>
  static constexpr void normalize(Int32s exponentials, const std::int8_t* x, std::int8_t* y) {
    const std::int32_t largest = *std::max_element(x, x + Channels);
    const auto exponential_of = [&](std::int8_t code) {
      return exponentials[static_cast<std::size_t>(largest - code)];
    };
    std::int32_t sum = 0; // in Q19
    for (std::size_t c = 0; c < Channels; ++c) {
      sum += divide(exponential_of(x[c]), 12);
    }
    // sum = 2^(12 - headroom) (1 + fraction), the fraction in Q31
    const int headroom = std::countl_zero(static_cast<std::uint32_t>(sum));
    const auto fraction =
        static_cast<std::int32_t>((static_cast<std::uint32_t>(sum) << headroom) - 0x8000'0000u);
    const std::int32_t scale = reciprocal(fraction);
    const int shift = 12 - headroom + 31 - 8;
    for (std::size_t c = 0; c < Channels; ++c) {
      const std::int32_t probability = divide(product(scale, exponential_of(x[c])), shift);
      y[c] = static_cast<std::int8_t>(clamp_to<std::int32_t>(probability - 128, -128, 127));
    }
  }

  /// 1 / (1 + x) in Q31 for x in Q31 from 0 to 1: three steps of Newton's method on half of the
  /// denominator, from 48/17 - 32/17 of it, in Q29.
  static constexpr std::int32_t reciprocal(std::int32_t x) {
    const auto half = static_cast<std::int32_t>((std::int64_t{x} + 2147483647 + 1) / 2);
    std::int32_t y = 1515870810 + product(half, -1010580540);
    for (int i = 0; i < 3; ++i) {
      const std::int32_t rest = (std::int32_t{1} << 29) - product(half, y);
      y += rounding::shift_left_saturating(product(y, rest), 2);
    }
    return rounding::shift_left_saturating(y, 1);
  }

  /// e^x in Q31 for x <= 0 in Q26: e to the part below a quarter by a series, times a constant for
  /// each bit of the rest.
  static constexpr std::int32_t exponential(std::int32_t x) {
    if (x == 0) {
      return 2147483647;
    }
    constexpr std::int32_t quarter = std::int32_t{1} << 24;
    const std::int32_t part = (x & (quarter - 1)) - quarter; // from -1/4 to 0
    const std::int32_t rest = part - x;                      // what is left, positive
    std::int32_t y = exponential_of_quarter(rounding::shift_left_saturating(part, 5));
    constexpr std::int32_t factors[]{1672461947, 1302514674, 790015084, 290630308,
                                     39332535,   720401,     242}; // e^-(2^(i - 2)) in Q31
    for (int i = 0; i < 7; ++i) {
      y = (rest >> (24 + i)) % 2 != 0 ? product(y, factors[i]) : y;
    }
    return y;
  }

  /// e^x in Q31 for x in Q31 from -1/4 to 0: e^-1/8 times the series of e^(x + 1/8) to the fourth
  /// power.
  static constexpr std::int32_t exponential_of_quarter(std::int32_t x) {
    constexpr std::int32_t e_to_minus_eighth = 1895147668;
    constexpr std::int32_t third = 715827883;
    const std::int32_t z = x + (std::int32_t{1} << 28);
    const std::int32_t z2 = product(z, z);
    const std::int32_t z3 = product(z2, z);
    const std::int32_t z4 = product(z2, z2);
    const std::int32_t higher = divide(product(divide(z4, 2) + z3, third) + z2, 1);
    return e_to_minus_eighth + product(e_to_minus_eighth, z + higher);
  }
};

} // namespace mote
