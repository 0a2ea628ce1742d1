#include <mote/layers/relu.hpp>
#include <mote/layers/relu6.hpp>
#include <mote/layers/tanh.hpp>

#include <limits>

#include "../reference/fixed_point.hpp"
#include "activations.hpp"

using namespace mote;

TEST_CASE("relu6: keeps the shape, whatever its rank", "[layers][relu6]") {
  support::check_keeps_shapes<relu6>();
}

TEST_CASE("relu6: by hand, at and between the kinks", "[layers][relu6]") {
  const std::array x{-2.0, 0.0, 0.5, 5.75, 6.0, 7.0, 1e30, -1e30};
  const std::array y{0.0, 0.0, 0.5, 5.75, 6.0, 6.0, 6.0, 0.0};
  const std::array slopes{0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0};
  support::check_values<relu6, float>(x, y, slopes, 0.0);
  support::check_values<relu6, double>(x, y, slopes, 0.0);
}

TEST_CASE("relu6: gradients against differences, away from the kinks", "[layers][relu6]") {
  // The random inputs end at 5, so a second network is scaled to see the upper kink from both
  // sides: 2 x is at least 0.2 from 6.
  support::check_gradients_away_from<relu6>({0.0});
  using net = network<input<7>, dense<7>, relu6>;
  const auto worst = support::check_network<net, 4, isa::generic>([](auto& weights, auto inputs) {
    support::fill_away_from({0.0, 3.0}, inputs);
    for (std::size_t i = 0; i < 7; ++i) {
      get<0>(weights).weights[i * 7 + i] = 2.0;
    }
  });
  CHECK(worst.relative_error < 1e-6);
}

TEST_CASE("relu6: float against double and in the compiler", "[layers][relu6]") {
  support::check_float_against_double<relu6>({0.0}, 0.0);
  support::check_same_bits_in_the_compiler<relu6>();
  static_assert(relu6::apply(9.0f) == 6.0f);
}

TEST_CASE("relu6: in int8 alone", "[layers][relu6]") {
  support::check_int8_table<relu6>(
      [](long double x) { return x < 0.0L ? 0.0L : (x > 6.0L ? 6.0L : x); }, 0.75L);
}

TEST_CASE("relu6: int8 clamps at the codes of 0 and 6", "[layers][relu6][quantization]") {
  // By hand: with scale 1/16 and zero point -128, 6 is 96 codes above 0; with 6/255 it is the
  // highest code; a coarser mapping leaves it in between, a finer one does not reach it.
  CHECK(lowest_code<relu6>({1.0f / 16.0f, -128}) == -128);
  CHECK(highest_code<relu6>({1.0f / 16.0f, -128}) == -32);
  CHECK(highest_code<relu6>({6.0f / 255.0f, -128}) == 127);
  CHECK(lowest_code<relu6>({0.5f, 10}) == 10);
  CHECK(highest_code<relu6>({0.5f, 10}) == 22);
  CHECK(highest_code<relu6>({0.01f, -128}) == 127);
  CHECK(highest_code<relu6>({12.0f, 3}) == 4); // 1/2 rounds away from zero
  CHECK(lowest_code<relu>({0.5f, 10}) == 10);
  CHECK(highest_code<relu>({0.5f, 10}) == 127);
  CHECK(highest_code<relu>({std::numeric_limits<float>::denorm_min(), 127}) == 127);
  CHECK(lowest_code<identity>({0.5f, 10}) == -128);
  CHECK(highest_code<identity>({0.5f, 10}) == 127);
  CHECK(lowest_code<mote::tanh>({0.5f, 10}) == -128);
  static_assert(highest_code<relu6>({0.5f, 10}) == 22);

  // The specification divides in float, then rounds half away from zero, then adds the zero point.
  support::noise random{11};
  for (int i = 0; i < 100'000; ++i) {
    const float scale = std::exp2(random.between(-12.0f, 4.0f));
    const int zero_point = static_cast<int>(random.between(-128.0f, 127.99f));
    const float codes = std::round(6.0f / scale);
    const float expected = std::min(127.0f, static_cast<float>(zero_point) + codes);
    if (static_cast<float>(highest_code<relu6>({scale, zero_point})) != expected ||
        lowest_code<relu6>({scale, zero_point}) != zero_point) {
      CAPTURE(scale, zero_point);
      FAIL_CHECK();
    }
  }
}

TEST_CASE("relu6: fuses into the int8 layer before it", "[layers][relu6][quantization]") {
  using net = network<input<4>, dense<3>, relu6>;
  using int8_net = quantized<net>;
  static_assert(int8_net::size == 1);
  parameters<calibration_network<net>> real{};
  // 8 x_0, x_0 and -x_0: with x_0 = 1 the results are 8, 1 and -1 before relu6.
  get<0>(real).weights.values = {8, 0, 0, 0, 1, 0, 0, 0, -1, 0, 0, 0};
  // An output mapping that goes beyond 6 shows the upper clamp: code(y) = 16 y - 128.
  const activation_scales<int8_net> scales{{{1.0f / 64.0f, 0}, {1.0f / 16.0f, -128}}};
  parameters<int8_net> integers{};
  quantize<int8_net>(real, scales, integers);
  CHECK(get<0>(integers).lowest[0] == -128);
  CHECK(get<0>(integers).highest[0] == -32);
  workspace<int8_net> memory{};
  memory.input()[0][0] = 64;
  const auto codes = forward(integers, memory)[0];
  CHECK(codes[0] == -32);  // 6
  CHECK(codes[1] == -112); // 1
  CHECK(codes[2] == -128); // 0
}
