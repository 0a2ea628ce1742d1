#include <mote/core/affine.hpp>
#include <mote/core/network.hpp>
#include <mote/core/passes.hpp>
#include <mote/core/run.hpp>
#include <mote/core/storage.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/relu.hpp>
#include <mote/quantization/normalization.hpp>
#include <mote/quantization/quantize.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "../catch.hpp"
#include "../support.hpp"

using namespace mote;

namespace {

/// MNIST's.
constexpr auto digits = normalization::nearest(0.1307, 0.3081);

} // namespace

static_assert(digits.mean == 33.0f / 255.0f); // 0.1307 is 33.3 / 255
static_assert(digits.deviation == 0.3081f);
static_assert(digits.is_exact());
static_assert(digits.input_affine().zero_point == 33 - 128);
static_assert(normalization{}.is_exact());
static_assert(normalization{}.input_affine() == affine{1.0f / 255.0f, -128});

TEST_CASE("normalization: every mean that there is maps all codes exactly",
          "[quantization][normalization]") {
  for (int level = 0; level <= 255; ++level) {
    const auto chosen = normalization::nearest(level / 255.0, 0.25);
    REQUIRE(chosen.is_exact());
    const affine input = chosen.input_affine();
    REQUIRE(input.zero_point == level - 128);
    for (int pixel = 0; pixel <= 255; ++pixel) {
      const auto code = static_cast<std::int8_t>(pixel - 128);
      const float real = dequantize(code, input);
      // The formula itself, in double: the scale's rounding and one of a product are left.
      const double exact = (pixel / 255.0 - level / 255.0) / 0.25;
      CHECK(std::abs(static_cast<double>(real) - exact) <= 1.2e-7 * std::abs(exact));
      CHECK(quantize(static_cast<double>(real), input) == code);
    }
  }
}

TEST_CASE("normalization: the mean is rounded to the nearest level",
          "[quantization][normalization]") {
  support::noise random{4};
  for (int i = 0; i < 1000; ++i) {
    const double mean = random.between(0.0, 1.0);
    const auto chosen = normalization::nearest(mean, 1.0);
    CHECK(chosen.is_exact());
    CHECK(std::abs(static_cast<double>(chosen.mean) - mean) <= 0.5 / 255.0 + 1e-7);
  }
}

TEST_CASE("normalization: values without an exact mapping are told apart",
          "[quantization][normalization]") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const auto& wrong :
       {normalization{0.1307f, 1.0f}, normalization{-1.0f / 255.0f, 1.0f},
        normalization{256.0f / 255.0f, 1.0f}, normalization{nan, 1.0f}, normalization{0.0f, 0.0f},
        normalization{0.0f, -1.0f}, normalization{0.0f, nan}, normalization{0.0f, infinity}})
    CHECK_FALSE(wrong.is_exact());
}

TEST_CASE("normalization: a quantized network takes the same codes with it and without",
          "[quantization][normalization]") {
  // A network for x = p / 255, and one that computes the same from the normalized x: W (d x + m)
  // + b has the weights d W and the bias b + m sum of W.
  using network = mote::network<input<4>, dense<3>, relu, dense<2>>;
  using integer_network = quantized<network>;
  using real_network = calibration_network<network>;
  parameters<real_network, float> plain{};
  support::noise random{9};
  random.fill(plain);
  auto normalized = plain;
  auto& first = get<0>(normalized);
  for (std::size_t unit = 0; unit < 3; ++unit)
    for (std::size_t i = 0; i < 4; ++i) {
      first.bias[unit] += digits.mean * first.weights[unit * 4 + i];
      first.weights[unit * 4 + i] *= digits.deviation;
    }

  // All pixels by the same ranges of activations, then compared code by code.
  const auto integers = [&](const parameters<real_network, float>& real, const affine& input) {
    workspace<real_network, float> memory{};
    activation_ranges<network> ranges{};
    for (int pixel = 0; pixel <= 255; ++pixel) {
      for (std::size_t i = 0; i < 4; ++i)
        memory.input()[0][i] = dequantize(
            static_cast<std::int8_t>((pixel * static_cast<int>(i + 1)) % 256 - 128), input);
      calibrate<network>(real, memory, ranges);
    }
    parameters<integer_network> result{};
    const auto scales = choose_scales<integer_network>(ranges, input);
    CHECK(scales[0] == input);
    mote::quantize(real, scales, result);
    return result;
  };
  const auto of_plain = integers(plain, normalization{}.input_affine());
  const auto of_normalized = integers(normalized, digits.input_affine());
  CHECK(get<0>(of_plain).input_zero_point[0] == -128);
  CHECK(get<0>(of_normalized).input_zero_point[0] == -95);
  CHECK(get<0>(of_plain).weights.values == get<0>(of_normalized).weights.values);

  workspace<integer_network> memory{};
  int largest = 0;
  for (int pixel = 0; pixel <= 255; ++pixel) {
    const auto codes = [&](const parameters<integer_network>& weights, std::span<std::int8_t> out) {
      for (std::size_t i = 0; i < 4; ++i)
        memory.input()[0][i] =
            static_cast<std::int8_t>((pixel * static_cast<int>(i + 1)) % 256 - 128);
      const auto view = forward(weights, memory)[0];
      std::copy(view.begin(), view.end(), out.begin());
    };
    std::int8_t a[2], b[2];
    codes(of_plain, a);
    codes(of_normalized, b);
    for (std::size_t i = 0; i < 2; ++i)
      largest = std::max(largest, std::abs(a[i] - b[i]));
  }
  CHECK(largest <= 1); // the biases and factors are rounded on their own
}
