// What the tests of all activations have in common.
#pragma once

#include <mote/layers/dense.hpp>
#include <mote/quantization/quantize.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "../catch.hpp"
#include "../support.hpp"

namespace support {

/// Where a function is not differentiable.
using kinks = std::initializer_list<double>;

/// Draws numbers in [-5, 5] that are at least 0.1 from every kink, so that differences, which reach
/// 1e-5 to either side, never see one.
inline void fill_away_from(kinks points, std::span<double> values, unsigned seed = 3) {
  noise random{seed};
  for (double& value : values) {
    value = random.between(-5.0, 5.0);
    for (const double kink : points) {
      if (std::fabs(value - kink) < 0.1) {
        value = kink + (value < kink ? -0.1 : 0.1);
      }
    }
  }
}

template <class Layer>
void check_keeps_shapes() {
  CHECK(Layer::output(mote::shape{7}) == mote::shape{7});
  CHECK(Layer::output(mote::shape{3, 5}) == mote::shape{3, 5});
  CHECK(Layer::output(mote::shape{4, 3, 2}) == mote::shape{4, 3, 2});
}

/// Compares f(points) with `values` and the gradient with 2 * slopes, absolutely.
template <class Layer, class T, std::size_t Count>
void check_values(const std::array<double, Count>& points, const std::array<double, Count>& values,
                  const std::array<double, Count>& slopes, double tolerance) {
  subject<mote::network<mote::input<Count>, Layer>, T> all;
  std::array<T, Count> x{};
  std::array<T, Count> dy{};
  std::transform(points.begin(), points.end(), x.begin(), [](double p) { return T(p); });
  dy.fill(T{2});
  const auto y = all.template forward<mote::isa::generic>(x);
  const auto dx = all.template backward<mote::isa::generic>(dy);
  for (std::size_t i = 0; i < Count; ++i) {
    CAPTURE(points[i]);
    CHECK(close(static_cast<double>(y[i]), values[i], tolerance));
    CHECK(close(static_cast<double>(dx[i]), 2.0 * slopes[i], 2.0 * tolerance));
  }
}

/// Gradients on a scalar, on an image, and before a dense layer.
template <class Layer>
void check_gradients_away_from(kinks points) {
  const auto prepare = [&](auto& weights, std::span<double> inputs) {
    noise random{5};
    random.fill(weights);
    fill_away_from(points, inputs);
  };
  const auto check = [](const mote::gradient_check& worst, std::size_t compared) {
    CAPTURE(worst.layer, worst.tensor, worst.element, worst.analytic, worst.numeric);
    CHECK(worst.relative_error < 1e-6);
    CHECK(worst.compared >= compared);
  };
  using namespace mote;
  check(check_network<network<input<1>, Layer>, 1, isa::generic>(prepare), 1);
  check(check_network<network<input<3, 5, 2>, Layer>, 3, isa::generic>(prepare), 90);
  check(check_network<network<input<5>, Layer, dense<3>>, 4, isa::native>(prepare), 20 + 15 + 3);
}

/// The same numbers in float and in double: forward and backward.
template <class Layer>
void check_float_against_double(kinks points, double tolerance) {
  constexpr std::size_t count = 512;
  using net = mote::network<mote::input<count>, Layer>;
  static subject<net, float> narrow;
  static subject<net, double> wide;
  std::array<double, count> x{};
  fill_away_from(points, x);
  std::array<float, count> narrow_x{};
  std::array<double, count> slopes{};
  std::array<float, count> narrow_slopes{};
  slopes.fill(1.0);
  narrow_slopes.fill(1.0f);
  for (std::size_t i = 0; i < count; ++i) {
    narrow_x[i] = static_cast<float>(x[i]);
    x[i] = static_cast<double>(narrow_x[i]);
  }
  const auto y = wide.template forward<mote::isa::generic>(x);
  const auto narrow_y = narrow.template forward<mote::isa::generic>(narrow_x);
  const auto dx = wide.template backward<mote::isa::generic>(slopes);
  const auto narrow_dx = narrow.template backward<mote::isa::generic>(narrow_slopes);
  double worst = 0.0;
  double worst_slope = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    worst = std::max(worst, std::fabs(y[i] - static_cast<double>(narrow_y[i])));
    worst_slope = std::max(worst_slope, std::fabs(dx[i] - static_cast<double>(narrow_dx[i])));
  }
  CAPTURE(worst, worst_slope);
  CHECK(worst <= tolerance);
  CHECK(worst_slope <= tolerance);
}

/// Output and input gradient of one layer on eight numbers, for the compiler and for run time.
template <class Layer>
constexpr std::array<float, 16> there_and_back(float scale) {
  using net = mote::network<mote::input<2, 2, 2>, Layer>;
  mote::parameters<net, float> weights{};
  mote::random_source generator{1};
  mote::visit_tensors<net>(
      [](auto, const mote::field&, auto& tensor) { tensor.values.fill(0.25f); }, weights);
  mote::gradients<net, float> slopes{};
  mote::workspace<net, float, 1, mote::training_with_input_gradient> memory{};
  for (std::size_t i = 0; i < 8; ++i) {
    memory.input().data[i] = scale * (static_cast<float>(i) - 3.7f);
  }
  std::array<float, 16> result{};
  std::copy_n(mote::train_forward<mote::isa::generic>(weights, memory, generator).data, 8,
              result.begin());
  for (std::size_t i = 0; i < 8; ++i) {
    memory.output_gradient().data[i] = static_cast<float>(i) - 2.5f;
  }
  mote::backward<mote::isa::generic>(weights, memory, slopes);
  std::copy_n(memory.input_gradient().data, 8, result.begin() + 8);
  return result;
}

template <class Layer>
void check_same_bits_in_the_compiler() {
  static constexpr auto compiled = there_and_back<Layer>(0.8f);
  const volatile float scale = 0.8f; // so that this is computed at run time
  CHECK(there_and_back<Layer>(scale) == compiled);
}

/// Runs all 256 codes through the int8 layer, with several mappings of the input, and compares with
/// the real function: half a code is all that rounding may cost, unless the layer has TensorFlow
/// Lite's integer arithmetic, which rounds more than once.
template <class Layer, class Exact>
void check_int8_table(Exact exact, long double most = 0.5L) {
  using net = mote::network<mote::input<256>, Layer>;
  using int8_net = mote::quantized<net>;
  for (const mote::affine in : {mote::affine{0.05f, 0}, mote::affine{1.0f / 16.0f, -128},
                                mote::affine{0.03f, 90}, mote::affine{1.0f, -7}}) {
    std::array<mote::range, 2> ranges{};
    const auto real_input = [&](std::size_t i) {
      return in.scale * static_cast<float>(static_cast<int>(i) - 128 - in.zero_point);
    };
    for (std::size_t i = 0; i < 256; ++i) {
      ranges[0].include(real_input(i));
      ranges[1].include(static_cast<float>(exact(static_cast<long double>(real_input(i)))));
    }
    const auto scales = mote::choose_scales<int8_net>(ranges, in);
    mote::parameters<int8_net> parameters{};
    mote::quantize<int8_net>(mote::parameters<net>{}, scales, parameters);
    mote::workspace<int8_net> memory{};
    for (std::size_t i = 0; i < 256; ++i) {
      memory.input()[0][i] = static_cast<std::int8_t>(static_cast<int>(i) - 128);
    }
    const auto codes = mote::forward(parameters, memory)[0];
    long double worst = 0.0L;
    for (std::size_t i = 0; i < 256; ++i) {
      const long double y = exact(static_cast<long double>(real_input(i)));
      const long double wanted = std::clamp(
          y / static_cast<long double>(scales[1].scale) + scales[1].zero_point, -128.0L, 127.0L);
      worst = std::max(worst, std::fabs(wanted - static_cast<long double>(codes[i])));
    }
    CAPTURE(in.scale, in.zero_point, worst);
    CHECK(worst <= most + 1e-9L);
  }
}

} // namespace support
