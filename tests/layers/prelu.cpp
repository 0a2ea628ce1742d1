#include <mote/layers/prelu.hpp>
#include <mote/optimizers/sgd.hpp>
#include <mote/training/initialize.hpp>

#include <cstdint>
#include <type_traits>

#include "../reference/fixed_point.hpp"
#include "activations.hpp"

namespace {

using namespace mote;

using image = network<input<2, 2, 2>, prelu>;

// Slopes 1/4 and -2 for the two channels; per position x, y, dy and what that makes of dx:
//   channel 0: x = 4 -8 0 -2, y = 4 -2 0 -0.5, dy = 1 2 3 4, dx = 1 0.5 0.75 1
//   channel 1: x = -1 3 -5 2, y = 2 3 10 2, dy = 1 -1 2 -2, dx = -2 -1 -4 -2
// da_0 = 2 (-8) + 3 * 0 + 4 (-2) = -24, da_1 = 1 (-1) + 2 (-5) = -11.
template <class T>
void check_by_hand() {
  support::subject<image, T> all;
  get<0>(all.weights).slopes.values = {T(0.25), T(-2)};
  const std::array<T, 8> y{4, 2, -2, 3, 0, 10, T(-0.5), 2};
  CHECK(all.template forward<isa::generic>({4, -1, -8, 3, 0, -5, -2, 2}) == y);
  const std::array<T, 8> dx{1, -2, T(0.5), -1, T(0.75), -4, 1, -2};
  CHECK(all.template backward<isa::generic>({1, 1, 2, -1, 3, 2, 4, -2}) == dx);
  CHECK(get<0>(all.slopes).slopes.values == std::array<T, 2>{-24, -11});
  // Gradients are overwritten, not added to.
  all.template forward<isa::generic>({4, -1, -8, 3, 0, -5, -2, 2});
  all.template backward<isa::generic>({1, 1, 2, -1, 3, 2, 4, -2});
  CHECK(get<0>(all.slopes).slopes.values == std::array<T, 2>{-24, -11});
}

/// PRELU of the specification in exact arithmetic.
template <class Rounding>
std::int8_t plain(int code, int slope, const affine& in, const affine& slopes, const affine& out) {
  const bool once = std::is_same_v<Rounding, rounding::once>;
  const auto multiply = [&](reference::integer x, double factor) {
    const auto fixed = to_fixed(factor);
    return once ? reference::multiply_once(x, fixed.mantissa, fixed.shift)
                : reference::multiply_twice(x, fixed.mantissa, fixed.shift);
  };
  const double ratio = static_cast<double>(in.scale) / static_cast<double>(out.scale);
  const int x = code - in.zero_point;
  const auto y = x >= 0
                     ? multiply(x, ratio)
                     : multiply(x * (slope - slopes.zero_point),
                                static_cast<double>(in.scale) * static_cast<double>(slopes.scale) /
                                    static_cast<double>(out.scale));
  return static_cast<std::int8_t>(reference::saturate(y + out.zero_point, -128, 127));
}

template <class Rounding>
void check_int8() {
  using net = network<input<256, 3>, prelu>;
  using int8_net = quantized<net, Rounding>;
  static parameters<net> real;
  get<0>(real).slopes.values = {0.25f, -0.5f, 1.5f};
  const affine slopes = asymmetric({-0.5f, 1.5f});
  for (const affine in : {affine{0.05f, 0}, affine{0.5f, 127}, affine{0.01f, -128}}) {
    for (const affine out : {affine{0.05f, -20}, affine{0.002f, 100}, affine{3.0f, -128}}) {
      const activation_scales<int8_net> scales{{in, out}};
      static parameters<int8_net> integers;
      quantize<int8_net>(real, scales, integers);
      const auto& p = get<0>(integers);
      CHECK(p.slope_zero_point[0] == slopes.zero_point);
      static workspace<int8_net> memory;
      for (std::size_t i = 0; i < 3 * 256; ++i) {
        memory.input().data[i] = static_cast<std::int8_t>(static_cast<int>(i / 3) - 128);
      }
      const auto codes = forward(integers, memory)[0];
      std::size_t wrong = 0;
      double worst = 0.0;
      for (std::size_t i = 0; i < 3 * 256; ++i) {
        const int code = static_cast<int>(i / 3) - 128;
        wrong += codes[i] != plain<Rounding>(code, p.slopes[i % 3], in, slopes, out) ? 1 : 0;
        // And near the real function of the slope that the code stands for: half a code, and what
        // rounding twice adds, half a code before it is halved at least once.
        const double x = static_cast<double>(in.scale) * (code - in.zero_point);
        const double slope = static_cast<double>(dequantize(p.slopes[i % 3], slopes));
        const double y = x > 0 ? x : slope * x;
        const double wanted =
            std::clamp(y / static_cast<double>(out.scale) + out.zero_point, -128.0, 127.0);
        worst = std::max(worst, std::fabs(wanted - codes[i]));
      }
      CAPTURE(in.scale, out.scale, worst);
      CHECK(wrong == 0);
      CHECK(worst < (std::is_same_v<Rounding, rounding::once> ? 0.5001 : 0.75));
    }
  }
}

} // namespace

TEST_CASE("prelu: keeps the shape, whatever its rank", "[layers][prelu]") {
  support::check_keeps_shapes<prelu>();
}

TEST_CASE("prelu: one slope per channel", "[layers][prelu]") {
  CHECK(prelu::parameters<shape{4, 3, 2}, float>{}.slopes.size == 2);
  CHECK(prelu::parameters<shape{3, 5}, float>{}.slopes.size == 5);
  CHECK(prelu::parameters<shape{7}, float>{}.slopes.size == 7);
}

TEST_CASE("prelu: forward and backward by hand", "[layers][prelu]") {
  check_by_hand<float>();
  check_by_hand<double>();
}

TEST_CASE("prelu: starts at 1/4, and before it weights start as before relu", "[layers][prelu]") {
  using net = network<input<3>, dense<4>, prelu>;
  parameters<net> weights{};
  random_source generator{1};
  initialize(weights, generator);
  CHECK(get<1>(weights).slopes.values == std::array{0.25f, 0.25f, 0.25f, 0.25f});
  decltype(get<0>(weights).weights) expected{};
  random_source again{1};
  initializers::he::fill(std::span<float>{expected.values}, 3, 4, again);
  CHECK(get<0>(weights).weights.values == expected.values);
}

TEST_CASE("prelu: slopes are trained but do not decay", "[layers][prelu]") {
  parameters<image> weights{};
  gradients<image> slopes{};
  get<0>(weights).slopes.values = {0.5f, 0.5f};
  get<0>(slopes).slopes.values = {1.0f, 0.0f};
  sgd<>::state<image> state{};
  sgd<>{0.25f, 0.5f}.update(weights, slopes, state);
  CHECK(get<0>(weights).slopes.values == std::array{0.25f, 0.5f});
}

TEST_CASE("prelu: gradients against differences, away from the kink", "[layers][prelu]") {
  support::check_gradients_away_from<prelu>({0.0});
}

TEST_CASE("prelu: gradients of slopes without one of the input", "[layers][prelu]") {
  workspace<image, double, 1, training> memory{};
  parameters<image, double> weights{};
  gradients<image, double> slopes{};
  random_source generator{1};
  memory.input().data[0] = -3.0;
  train_forward(weights, memory, generator);
  std::fill_n(memory.output_gradient().data, 8, 2.0);
  backward(weights, memory, slopes);
  CHECK(get<0>(slopes).slopes.values == std::array{-6.0, 0.0});
}

TEST_CASE("prelu: in the compiler", "[layers][prelu]") {
  support::check_same_bits_in_the_compiler<prelu>();
}

TEST_CASE("prelu: in int8 it has the bits of the specification", "[layers][prelu][quantization]") {
  check_int8<rounding::twice>();
  check_int8<rounding::once>();
}
