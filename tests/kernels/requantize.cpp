#include <mote/core/isa.hpp>
#include <mote/kernels/arm_dsp/instructions.hpp>
#include <mote/kernels/requantize.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../catch.hpp"
#include "../reference/fixed_point.hpp"
#include "int8_constants.hpp"

namespace {

using int8_constants::activation;
using int8_constants::factors;
using int8_constants::layer;
using int8_constants::weights;
using int8_constants::zero_point;
using mote::rounding::once;
using mote::rounding::twice;

/// The specification: the code of a sum that has its bias.
template <class Rounding, class Constants>
int expected(std::int64_t sum, std::size_t o) {
  constexpr auto& p = Constants::value;
  const auto scaled = std::is_same_v<Rounding, once>
                          ? reference::multiply_once(sum, p.multipliers[o], p.shifts[o])
                          : reference::multiply_twice(sum, p.multipliers[o], p.shifts[o]);
  return static_cast<int>(
      reference::saturate(scaled + p.output_zero_point[0], p.lowest[0], p.highest[0]));
}

/// All sums that the layer can have, for every channel.
template <class Rounding, class Constants>
void check_rounding() {
  using plain = mote::kernels::requantization<Rounding, Constants>;
  using aligned = mote::kernels::aligned_requantization<Rounding, Constants>;
  using facts = mote::kernels::product_constants<Constants>;
  static_assert(plain::fits && aligned::fits);
  std::size_t compared = 0;
  std::size_t wrong = 0;
  for (std::size_t o = 0; o < facts::outputs; ++o) {
    const auto [bias, multiplier, exponent] = plain::at(o);
    const bool is_dead = facts::channels[o].is_dead;
    const auto lowest = is_dead ? bias : static_cast<std::int32_t>(facts::channels[o].sum.lowest);
    const auto highest = is_dead ? bias : static_cast<std::int32_t>(facts::channels[o].sum.highest);
    for (std::int32_t sum = lowest; sum <= highest; ++sum, ++compared) {
      const int code = expected<Rounding, Constants>(is_dead ? Constants::value.bias[o] : sum, o);
      const auto scaled = sum * (1 << aligned::scale(o));
      wrong += plain::template code<mote::isa::generic>(2 * sum, multiplier, exponent - 1) != code;
      wrong += plain::template code<mote::isa::arm_dsp>(2 * sum, multiplier, exponent - 1) != code;
      wrong += aligned::template code<mote::isa::generic>(scaled, multiplier, aligned::offset(o)) !=
               code;
    }
  }
  CAPTURE(compared, Constants::value.output_zero_point[0]);
  CHECK(compared > 10'000);
  CHECK(wrong == 0);
}

template <class Constants>
void check() {
  check_rounding<twice, Constants>();
  check_rounding<once, Constants>();
}

template <weights Weights, factors Factors>
void check_zero_points() {
  check<
      layer<5, 2, 1, Weights, Factors, zero_point::lowest, zero_point::lowest, activation::relu>>();
  check<layer<5, 2, 2, Weights, Factors, zero_point::highest, zero_point::middle,
              activation::none>>();
  check<layer<5, 2, 3, Weights, Factors, zero_point::middle, zero_point::highest,
              activation::none>>();
  check<layer<5, 2, 4, Weights, Factors, zero_point::middle, zero_point::middle,
              activation::relu_with_top>>();
}

} // namespace

TEST_CASE("constant layers are requantized exactly, for each sum they can have",
          "[kernels][int8]") {
  check_zero_points<weights::any, factors::useful>();
  check_zero_points<weights::ends, factors::ends>();
  check_zero_points<weights::one_dead_channel, factors::useful>();
}

TEST_CASE("what is known of a layer's sums", "[kernels][int8]") {
  using facts = mote::kernels::product_constants<layer<3, 2, 9>>;
  constexpr auto& p = layer<3, 2, 9>::value;
  for (std::size_t o = 0; o < 3; ++o) {
    std::int64_t lowest = p.bias[o];
    std::int64_t highest = lowest;
    for (int a = -128; a <= 127; ++a) {
      for (int b = -128; b <= 127; ++b) {
        const std::int64_t sum =
            p.bias[o] + (a + 128) * p.weights[2 * o] + (b + 128) * p.weights[2 * o + 1];
        lowest = std::min(lowest, sum);
        highest = std::max(highest, sum);
      }
    }
    CHECK(facts::channels[o].sum.lowest == lowest);
    CHECK(facts::channels[o].sum.highest == highest);
    CHECK(facts::channels[o].weights == p.weights[2 * o] + p.weights[2 * o + 1]);
  }
}

TEST_CASE("what cannot be requantized by a right shift is refused", "[kernels][int8]") {
  using shifts_left = layer<3, 2, 1, weights::any, factors::left_shift>;
  CHECK_FALSE(mote::kernels::requantization<twice, shifts_left>::fits);
  CHECK_FALSE(mote::kernels::aligned_requantization<once, shifts_left>::fits);
}
