#include <mote/core/affine.hpp>
#include <mote/core/random.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "../catch.hpp"
#include "../reference/fixed_point.hpp"

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr float largest_float = std::numeric_limits<float>::max();
constexpr float smallest_float = std::numeric_limits<float>::denorm_min();

/// QuantizeMultiplier on the bits of the factor: 53 of them, of which 31 are kept.
mote::fixed_factor expected_factor(double factor) {
  int exponent = 0;
  const auto bits = static_cast<std::int64_t>(std::ldexp(std::frexp(factor, &exponent), 53));
  auto mantissa = (bits + (std::int64_t{1} << 21)) >> 22;
  if (mantissa == std::int64_t{1} << 31) {
    mantissa >>= 1;
    ++exponent;
  }
  if (mantissa == 0 || exponent < -31) {
    return {0, 0};
  }
  if (exponent > 30) {
    return {2147483647, 30};
  }
  return {static_cast<std::int32_t>(mantissa), static_cast<std::int8_t>(exponent)};
}

void check_factor(double factor) {
  const auto is = mote::to_fixed(factor);
  const auto should_be = expected_factor(factor);
  CAPTURE(factor, is.mantissa, static_cast<int>(is.shift), should_be.mantissa,
          static_cast<int>(should_be.shift));
  CHECK((is.mantissa == should_be.mantissa && is.shift == should_be.shift));
}

bool equal(mote::fixed_factor factor, std::int32_t mantissa, int shift) {
  return factor.mantissa == mantissa && factor.shift == shift;
}

std::int8_t code(int value) {
  return static_cast<std::int8_t>(value);
}

/// A float of either sign whose exponent lies in [lowest, highest].
float random_float(mote::random_source& random, int lowest, int highest) {
  const int exponent =
      lowest + static_cast<int>(random.below(static_cast<std::uint32_t>(highest - lowest + 1)));
  const float magnitude = std::ldexp(1.0f + random.uniform<float>(), exponent);
  return random.below(2) == 0 ? magnitude : -magnitude;
}

} // namespace

TEST_CASE("a factor becomes a mantissa and a shift", "[affine]") {
  constexpr std::int32_t half = 1 << 30;
  CHECK(equal(mote::to_fixed(1.0), half, 1));
  CHECK(equal(mote::to_fixed(0.5), half, 0));
  CHECK(equal(mote::to_fixed(0.25), half, -1));
  CHECK(equal(mote::to_fixed(3.0), 3 << 29, 2));
  CHECK(equal(mote::to_fixed(0.75), 3 << 29, 0));

  // The last factors whose mantissa is 2^31 - 1 and the first whose mantissa rounds up to 2^31.
  CHECK(equal(mote::to_fixed(1.0 - 0x1p-31), 2147483647, 0));
  CHECK(equal(mote::to_fixed(1.0 - 0x1.8p-32), 2147483647, 0));
  CHECK(equal(mote::to_fixed(1.0 - 0x1p-32), half, 1));
  CHECK(equal(mote::to_fixed(std::nextafter(1.0, 0.0)), half, 1));
  CHECK(equal(mote::to_fixed(std::nextafter(0.5, 0.0)), half, 0));

  // A mantissa between two integers takes the larger.
  CHECK(equal(mote::to_fixed(0.5 + 0x1p-32), half + 1, 0));
  CHECK(equal(mote::to_fixed(std::nextafter(0.5 + 0x1p-32, 0.0)), half, 0));
}

TEST_CASE("factors beyond what a shift can say", "[affine]") {
  constexpr std::int32_t half = 1 << 30;
  CHECK(equal(mote::to_fixed(0.0), 0, 0));
  CHECK(equal(mote::to_fixed(-0.0), 0, 0));
  CHECK(equal(mote::to_fixed(-1.0), 0, 0));
  CHECK(equal(mote::to_fixed(0x1p-32), half, -31));
  CHECK(equal(mote::to_fixed(std::nextafter(0x1p-32, 1.0)), half, -31));
  // Below 2^-32, but it rounds up to it.
  CHECK(equal(mote::to_fixed(std::nextafter(0x1p-32, 0.0)), half, -31));
  CHECK(equal(mote::to_fixed(0x1.fp-33), 0, 0));
  CHECK(equal(mote::to_fixed(std::numeric_limits<double>::denorm_min()), 0, 0));

  CHECK(equal(mote::to_fixed(0x1p29), half, 30));
  CHECK(equal(mote::to_fixed(0x1p30 - 1.0), 2147483646, 30));
  CHECK(equal(mote::to_fixed(0x1p30), 2147483647, 30));
  CHECK(equal(mote::to_fixed(std::numeric_limits<double>::max()), 2147483647, 30));
  CHECK(equal(mote::to_fixed(infinity), 2147483647, 30));
  CHECK(equal(mote::to_fixed(std::numeric_limits<double>::quiet_NaN()), 0, 0));
}

TEST_CASE("a factor's mantissa is rounded to nearest", "[affine]") {
  for (int exponent = -40; exponent <= 40; ++exponent) {
    for (const double factor : {1.0, 1.25, 1.5, 1.75, 1.0 + 0x1p-31, 1.0 + 0x1p-30, 2.0 - 0x1p-30,
                                2.0 - 0x1p-31, 2.0 - 0x1p-32, 2.0 - 0x1p-52, 1.0 + 0x1p-52}) {
      check_factor(std::ldexp(factor, exponent));
    }
  }
  mote::random_source random{4};
  for (int i = 0; i < 20'000; ++i) {
    const double bits = random.uniform<double>() + 0x1p-24 * random.uniform<double>() +
                        0x1p-48 * random.uniform<double>();
    check_factor(std::ldexp(1.0 + bits, static_cast<int>(random.below(80)) - 45));
  }
}

TEST_CASE("rounding to an integer", "[affine]") {
  using mote::round_to;
  CHECK(round_to<std::int8_t>(0.5) == 1);
  CHECK(round_to<std::int8_t>(-0.5) == -1);
  CHECK(round_to<std::int8_t>(2.5) == 3);
  CHECK(round_to<std::int8_t>(-2.5) == -3);
  // Adding a half first would carry this one to 1.
  CHECK(round_to<std::int8_t>(std::nextafter(0.5, 0.0)) == 0);
  CHECK(round_to<std::int8_t>(std::nextafter(-0.5, 0.0)) == 0);
  CHECK(round_to<std::int8_t>(126.5) == 127);
  CHECK(round_to<std::int8_t>(127.4) == 127);
  CHECK(round_to<std::int8_t>(127.5) == 127);
  CHECK(round_to<std::int8_t>(1e300) == 127);
  CHECK(round_to<std::int8_t>(-127.5) == -128);
  CHECK(round_to<std::int8_t>(-128.4) == -128);
  CHECK(round_to<std::int8_t>(-1e300) == -128);
  CHECK(round_to<std::int8_t>(infinity) == 127);
  CHECK(round_to<std::int8_t>(-infinity) == -128);
  CHECK(round_to<std::int8_t>(std::numeric_limits<double>::quiet_NaN()) == 0);
  CHECK(round_to<std::int32_t>(2147483646.5) == 2147483647);
  CHECK(round_to<std::int32_t>(2147483647.5) == 2147483647);
  CHECK(round_to<std::int32_t>(-2147483647.5) == -2147483647 - 1);
  CHECK(round_to<std::int32_t>(-2147483648.5) == -2147483647 - 1);
  CHECK(round_to<std::int32_t>(-2147483646.5) == -2147483647);

  mote::random_source random{5};
  for (int i = 0; i < 20'000; ++i) {
    const double x = std::ldexp(random.uniform<double>() - 0.5, static_cast<int>(random.below(32)));
    CAPTURE(x);
    CHECK(round_to<std::int32_t>(x) == std::lround(x));
  }
}

TEST_CASE("the mapping of a range", "[affine]") {
  using mote::asymmetric;
  // 0 must have a code, so one-sided ranges are widened to it.
  CHECK(asymmetric({2.0f, 6.0f}) == mote::affine{6.0f / 255.0f, -128});
  CHECK(asymmetric({0.0f, 6.0f}) == mote::affine{6.0f / 255.0f, -128});
  CHECK(asymmetric({-6.0f, -2.0f}) == mote::affine{6.0f / 255.0f, 127});
  CHECK(asymmetric({-6.0f, 0.0f}) == mote::affine{6.0f / 255.0f, 127});
  CHECK(asymmetric({0.0f, 255.0f}) == mote::affine{1.0f, -128});
  CHECK(asymmetric({-128.0f, 127.0f}) == mote::affine{1.0f, 0});
  CHECK(asymmetric({-100.0f, 155.0f}) == mote::affine{1.0f, -28});
  // -1 lies between two codes; ties go away from zero.
  CHECK(asymmetric({-127.5f, 127.5f}) == mote::affine{1.0f, -1});
  // A range of one point is as wide as its distance from 0; 0 alone may have any scale.
  CHECK(asymmetric({5.0f, 5.0f}) == asymmetric({0.0f, 5.0f}));
  CHECK(asymmetric({-5.0f, -5.0f}) == asymmetric({-5.0f, 0.0f}));
  CHECK(asymmetric({0.0f, 0.0f}) == mote::affine{1.0f, 0});
}

TEST_CASE("a mapping holds what its range holds", "[affine]") {
  const auto check = [](float a, float b) {
    const mote::range seen{a < b ? a : b, a < b ? b : a};
    const auto map = mote::asymmetric(seen);
    CAPTURE(seen.lowest, seen.highest, map.scale, map.zero_point);
    CHECK(map.scale > 0.0f);
    CHECK(map.zero_point >= -128);
    CHECK(map.zero_point <= 127);
    CHECK(mote::quantize(0.0, map) == map.zero_point);
    CHECK(mote::dequantize(code(map.zero_point), map) == 0.0f);
    // Half a step for the value, half for the zero point, and the scale's own rounding to float.
    const double step = static_cast<double>(map.scale);
    for (const float value :
         {seen.lowest, seen.highest, 0.5f * seen.lowest + 0.5f * seen.highest}) {
      const double wide = static_cast<double>(value);
      const auto back = static_cast<double>(mote::dequantize(mote::quantize(wide, map), map));
      CAPTURE(value, back);
      CHECK(std::abs(back - wide) <= step * 1.001 + 1e-6 * std::abs(wide));
    }
  };
  mote::random_source random{6};
  for (int i = 0; i < 5'000; ++i) {
    check(random_float(random, -20, 20), random_float(random, -20, 20));
    check(random_float(random, -3, 3), random_float(random, -3, 3));
  }
  check(-1e30f, 1e30f);
  check(1e-30f, -1e-20f);
  check(std::numeric_limits<float>::min(), 0.0f);
}

TEST_CASE("ranges at the ends of float still have a mapping", "[affine]") {
  const auto widest = mote::asymmetric({-largest_float, largest_float});
  CHECK(std::isfinite(widest.scale));
  CHECK(widest.zero_point == -1);
  CHECK(mote::quantize(0.0, widest) == -1);
  // Too narrow for 255 steps: a float has no such scale, and 0 would be no divisor.
  for (const auto& narrow :
       {mote::range{0.0f, smallest_float}, mote::range{-smallest_float, 0.0f}}) {
    const auto map = mote::asymmetric(narrow);
    CHECK(map.scale > 0.0f);
    CHECK(mote::quantize(0.0, map) == map.zero_point);
    CHECK(mote::dequantize(code(map.zero_point), map) == 0.0f);
  }
}

TEST_CASE("a range includes values", "[affine]") {
  mote::range seen;
  seen.include(2.0f);
  seen.include(-1.0f);
  seen.include(1.0f);
  seen.include(std::numeric_limits<float>::quiet_NaN());
  CHECK(seen.lowest == -1.0f);
  CHECK(seen.highest == 2.0f);
}

TEST_CASE("quantization is rounded to nearest and saturates", "[affine]") {
  const mote::affine map{0.5f, 10};
  CHECK(mote::quantize(0.0, map) == 10);
  CHECK(mote::quantize(0.25, map) == 11);
  CHECK(mote::quantize(-0.25, map) == 9);
  CHECK(mote::quantize(0.2499, map) == 10);
  CHECK(mote::quantize(58.5, map) == 127);
  CHECK(mote::quantize(59.0, map) == 127);
  CHECK(mote::quantize(-69.0, map) == -128);
  CHECK(mote::quantize(-69.5, map) == -128);
  for (const double huge : {1e9, 1e10, 1e300, infinity}) {
    for (const int zero_point : {-128, 0, 127}) {
      CHECK(mote::quantize(huge, {0.5f, zero_point}) == 127);
      CHECK(mote::quantize(-huge, {0.5f, zero_point}) == -128);
    }
  }
  CHECK(mote::quantize(std::numeric_limits<double>::quiet_NaN(), map) == 10);
  CHECK(mote::quantize(1.0, {smallest_float, 0}) == 127);

  mote::random_source random{7};
  for (int i = 0; i < 50'000; ++i) {
    const float scale = std::abs(random_float(random, -10, 10));
    const auto zero_point = static_cast<int>(random.below(256)) - 128;
    // Also multiples of half the scale, which are the ties.
    const float real =
        random.below(2) == 0
            ? random_float(random, -14, 14)
            : scale * 0.5f * static_cast<float>(static_cast<int>(random.below(601)) - 300);
    if (real != 0.0f) {
      const auto expected = static_cast<int>(reference::code_of(real, scale, zero_point));
      CAPTURE(real, scale, zero_point);
      CHECK(mote::quantize(static_cast<double>(real), {scale, zero_point}) == expected);
    }
  }
}

TEST_CASE("every code comes back", "[affine]") {
  mote::random_source random{8};
  for (int i = 0; i < 200; ++i) {
    const mote::affine map{std::abs(random_float(random, -30, 30)),
                           static_cast<int>(random.below(256)) - 128};
    int wrong = 0;
    for (int value = -128; value <= 127; ++value) {
      const float real = mote::dequantize(code(value), map);
      // A float times 9 bits is exact in double, so this is the product rounded once.
      const auto product =
          static_cast<float>(static_cast<double>(map.scale) * (value - map.zero_point));
      wrong += real != product || mote::quantize(static_cast<double>(real), map) != value;
    }
    CAPTURE(map.scale, map.zero_point);
    CHECK(wrong == 0);
  }
}
