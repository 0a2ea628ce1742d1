#include <mote/core/fixed_point.hpp>
#include <mote/core/random.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "../catch.hpp"
#include "../reference/fixed_point.hpp"

namespace {

using mote::rounding::once;
using mote::rounding::twice;

constexpr std::int32_t highest = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t least_mantissa = 1 << 30;

/// Where overflow, the nudges and the carries between the halves of a product live.
constexpr std::array<std::int32_t, 38> edges{
    lowest,      lowest + 1,  lowest + 2,  -least_mantissa - 1,
    1 - highest, 0,           1,           -1,
    2,           -2,          3,           -3,
    5,           -5,          127,         -128,
    255,         -255,        256,         -256,
    65535,       65536,       -65535,      -65536,
    65537,       -65537,      1 << 24,     -(1 << 24),
    1 << 29,     -(1 << 29),  715827883,   -715827883,
    highest / 2, highest - 2, highest - 1, highest,
    1 << 30,     -(1 << 30)};

constexpr std::array<std::int32_t, 10> mantissas{
    least_mantissa,
    least_mantissa + 1,
    least_mantissa + 2,
    1431655765,
    1518500250,
    1610612736 /* 3/4: ties at every multiple of two */,
    highest - 2,
    highest - 1,
    highest,
    0 /* what a factor too small becomes */};

/// The first disagreement, if any: one assertion per million comparisons keeps the test quick.
struct comparison {
  std::size_t compared = 0;
  std::size_t wrong = 0;
  std::int64_t x = 0, mantissa = 0, shift = 0, got = 0, expected = 0;

  void note(std::int32_t at_x, std::int32_t at_mantissa, int at_shift, std::int32_t is,
            reference::integer should_be) {
    ++compared;
    if (is != should_be && wrong++ == 0) {
      x = at_x;
      mantissa = at_mantissa;
      shift = at_shift;
      got = is;
      expected = static_cast<std::int64_t>(should_be);
    }
  }

  void check() const {
    CAPTURE(compared, x, mantissa, shift, got, expected);
    CHECK(compared > 0);
    CHECK(wrong == 0);
  }
};

struct both_roundings {
  comparison of_twice, of_once;

  void note(std::int32_t x, std::int32_t mantissa, int shift) {
    of_twice.note(x, mantissa, shift, twice::multiply(x, mantissa, shift),
                  reference::multiply_twice(x, mantissa, shift));
    of_once.note(x, mantissa, shift, once::multiply(x, mantissa, shift),
                 reference::multiply_once(x, mantissa, shift));
  }

  void check() const {
    of_twice.check();
    of_once.check();
  }
};

} // namespace

TEST_CASE("multiplication by a factor is exact at the edges, for every shift", "[fixed_point]") {
  both_roundings result;
  for (const auto x : edges) {
    for (const auto mantissa : mantissas) {
      for (int shift = -31; shift <= 30; ++shift) {
        result.note(x, mantissa, shift);
      }
    }
  }
  result.check();
}

TEST_CASE("multiplication by a factor is exact at random", "[fixed_point]") {
  mote::random_source random{1};
  both_roundings result;
  for (int i = 0; i < 1'000'000; ++i) {
    // Sums of all magnitudes, not only those near 2^31.
    const auto x = static_cast<std::int32_t>(random.bits()) >> random.below(32);
    const auto mantissa = static_cast<std::int32_t>(random.bits() >> 2) + least_mantissa;
    result.note(x, mantissa, static_cast<int>(random.below(62)) - 31);
  }
  result.check();
}

TEST_CASE("ties of both signs are rounded as the specification says", "[fixed_point]") {
  both_roundings result;
  for (int right = 1; right <= 31; ++right) {
    // x / 2^right lies exactly between two integers for every odd multiple of half of 2^right; the
    // mantissa 2^30 takes one power of two of the shift.
    for (std::int64_t odd = -2001; odd <= 2001; odd += 2) {
      for (std::int64_t near = -1; near <= 1; ++near) {
        const std::int64_t x = odd * (std::int64_t{1} << (right - 1)) + near;
        if (x >= lowest && x <= highest) {
          result.note(static_cast<std::int32_t>(x), least_mantissa, 1 - right);
        }
      }
    }
  }
  result.check();

  // A tie in the product, where gemmlowp's nudge sends it upwards for both signs ...
  CHECK(twice::multiply(1, least_mantissa, 0) == 1);
  CHECK(twice::multiply(-1, least_mantissa, 0) == 0);
  CHECK(twice::multiply(-3, least_mantissa, 0) == -1);
  CHECK(once::multiply(1, least_mantissa, 0) == 1);
  CHECK(once::multiply(-1, least_mantissa, 0) == 0);
  // ... and in the right shift, where only rounding twice sends it away from zero.
  CHECK(twice::multiply(2, least_mantissa, -1) == 1);
  CHECK(twice::multiply(-2, least_mantissa, -1) == -1);
  CHECK(once::multiply(-2, least_mantissa, -1) == 0);
  // Rounded twice, 0.45 becomes 0.5 and then 1.
  CHECK(twice::multiply(1, 1932735283, -1) == 1);
  CHECK(once::multiply(1, 1932735283, -1) == 0);
}

TEST_CASE("the two roundings differ by no more than one", "[fixed_point]") {
  mote::random_source random{2};
  std::int64_t largest = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto x = static_cast<std::int32_t>(random.bits()) >> random.below(32);
    const auto mantissa = static_cast<std::int32_t>(random.bits() >> 2) + least_mantissa;
    const int shift = -static_cast<int>(random.below(32));
    const std::int64_t difference = std::int64_t{twice::multiply(x, mantissa, shift)} -
                                    std::int64_t{once::multiply(x, mantissa, shift)};
    const std::int64_t magnitude = difference < 0 ? -difference : difference;
    largest = magnitude > largest ? magnitude : largest;
  }
  CHECK(largest == 1);
}

TEST_CASE("products beyond 32 bits saturate", "[fixed_point]") {
  CHECK(twice::multiply(highest, highest, 30) == highest - 1);
  CHECK(once::multiply(highest, highest, 30) == highest);
  CHECK(once::multiply(lowest, highest, 30) == lowest);
  // Rounding twice saturates before it multiplies.
  CHECK(twice::multiply(lowest, least_mantissa, 30) == -least_mantissa);
  CHECK(twice::multiply(lowest, highest, 0) == -highest);
}

TEST_CASE("the high half of a doubled product", "[fixed_point]") {
  comparison result;
  for (const auto a : edges) {
    for (const auto b : edges) {
      result.note(a, b, 0, twice::doubling_high_product(a, b),
                  reference::doubling_high_product(a, b));
    }
  }
  mote::random_source random{3};
  for (int i = 0; i < 500'000; ++i) {
    const auto a = static_cast<std::int32_t>(random.bits());
    const auto b = static_cast<std::int32_t>(random.bits());
    result.note(a, b, 0, twice::doubling_high_product(a, b),
                reference::doubling_high_product(a, b));
  }
  result.check();
  CHECK(twice::doubling_high_product(lowest, lowest) == highest);
}

TEST_CASE("division by a power of two", "[fixed_point]") {
  comparison result;
  const auto note = [&](std::int32_t x, int exponent) {
    result.note(x, 0, exponent, twice::divide_by_power_of_two(x, exponent),
                reference::nearest_ties_away(x, reference::power_of_two(exponent)));
  };
  for (int exponent = 0; exponent <= 31; ++exponent) {
    for (const auto x : edges) {
      note(x, exponent);
    }
    for (std::int32_t x = -5000; x <= 5000; ++x) {
      note(x, exponent);
    }
  }
  result.check();
}

TEST_CASE("a left shift saturates", "[fixed_point]") {
  comparison result;
  for (int shift = 0; shift <= 31; ++shift) {
    for (const auto x : edges) {
      result.note(x, 0, shift, mote::rounding::shift_left_saturating(x, shift),
                  reference::saturate(x * reference::power_of_two(shift)));
    }
  }
  result.check();
}

// A constant expression may not overflow, so these lines also say that nothing here does.
static_assert(twice::multiply(lowest, highest, 30) ==
              reference::multiply_twice(lowest, highest, 30));
static_assert(twice::multiply(lowest, highest, -31) ==
              reference::multiply_twice(lowest, highest, -31));
static_assert(once::multiply(lowest, highest, 30) == reference::multiply_once(lowest, highest, 30));
static_assert(once::multiply(highest, highest, -31) ==
              reference::multiply_once(highest, highest, -31));

static_assert(mote::clamp_to(5, -3, 3) == 3);
static_assert(mote::clamp_to(-5, -3, 3) == -3);
static_assert(mote::clamp_to(2, -3, 3) == 2);
static_assert(mote::clamp_to(2, 1, 1) == 1);
