#include <mote/core/random.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

constexpr std::size_t draws = 300'000;

/// Whether `hits` of `draws` events of this probability is within five deviations.
bool likely(std::size_t hits, double probability, double count = draws) {
  const double deviation = std::sqrt(count * probability * (1.0 - probability));
  return support::close(static_cast<double>(hits), count * probability, 5.0 * deviation);
}

struct moments {
  double mean = 0.0;
  double variance = 0.0;
  double fourth = 0.0;
};

template <class Draw>
moments moments_of(Draw draw) {
  std::vector<double> values(draws);
  std::generate(values.begin(), values.end(), draw);
  moments result;
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / draws;
  for (const double value : values) {
    const double square = (value - result.mean) * (value - result.mean);
    result.variance += square / draws;
    result.fourth += square * square / draws;
  }
  return result;
}

} // namespace

TEST_CASE("the bits are those of xoshiro128++ seeded by splitmix64", "[core][random]") {
  // Computed from the published algorithms by a program of its own.
  const auto check = [](std::uint64_t seed, std::array<std::uint32_t, 4> first,
                        std::uint32_t thousandth) {
    random_source random{seed};
    for (const auto expected : first) {
      CHECK(random.bits() == expected);
    }
    for (int i = 5; i < 1000; ++i) {
      random.bits();
    }
    CHECK(random.bits() == thousandth);
  };
  check(0, {0x4653'daa3, 0x7392'2b58, 0xb82b'4add, 0xd9fa'bd3b}, 0xfd0b'fb5d);
  check(1, {0x7ff7'8de4, 0x9a17'0265, 0xdac1'27b8, 0x9859'e914}, 0x79ec'd94b);
  check(0xfedc'ba98'7654'3210, {0x163c'6efc, 0xf0da'cb0c, 0x5a2f'100d, 0x763c'ab58}, 0xd7bc'f5e2);
}

TEST_CASE("the compiler draws the same numbers", "[core][random]") {
  struct drawn {
    std::array<std::uint32_t, 8> bits{};
    std::array<std::uint32_t, 8> below{};
    std::array<float, 8> uniform{};
    std::array<float, 32> normal{};
    std::array<int, 5> shuffled{1, 2, 3, 4, 5};

    constexpr explicit drawn(std::uint64_t seed) {
      random_source random{seed};
      std::generate(bits.begin(), bits.end(), [&] { return random.bits(); });
      std::generate(below.begin(), below.end(), [&] { return random.below(1000); });
      std::generate(uniform.begin(), uniform.end(), [&] { return random.uniform<float>(); });
      std::generate(normal.begin(), normal.end(), [&] { return random.normal<float>(); });
      random.shuffle(std::span<int>{shuffled});
    }
    bool operator==(const drawn&) const = default;
  };
  static constexpr drawn compiled{5};
  const volatile std::uint64_t seed = 5; // so that the other is drawn at run time
  CHECK(drawn{seed} == compiled);
  CHECK_FALSE(drawn{seed + 1} == compiled);
}

TEST_CASE("below stays below, and reaches all", "[core][random]") {
  random_source random{1};
  for (int i = 0; i < 100; ++i) {
    CHECK(random.below(1) == 0);
  }
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 200; ++i) {
    seen.insert(random.below(5));
  }
  CHECK(seen == std::set<std::uint32_t>{0, 1, 2, 3, 4});
  std::size_t upper_half = 0;
  for (std::size_t i = 0; i < draws; ++i) {
    const auto value = random.below(0xffff'ffff);
    REQUIRE(value < 0xffff'ffff);
    upper_half += value >= 0x8000'0000 ? 1 : 0;
  }
  CHECK(likely(upper_half, 0.5));
}

TEST_CASE("below has no bias", "[core][random]") {
  random_source random{2};
  SECTION("with a small bound") {
    std::array<std::size_t, 7> hits{};
    for (std::size_t i = 0; i < draws; ++i) {
      ++hits[random.below(7)];
    }
    for (const auto count : hits) {
      CHECK(likely(count, 1.0 / 7.0));
    }
  }
  SECTION("with three quarters of all 32-bit numbers") {
    // Scaling 2^32 numbers to 3 * 2^30 without rejection would give every third number twice the
    // chance of the others.
    std::array<std::size_t, 3> hits{};
    for (std::size_t i = 0; i < draws; ++i) {
      ++hits[random.below(0xc000'0000) % 3];
    }
    for (const auto count : hits) {
      CHECK(likely(count, 1.0 / 3.0));
    }
  }
}

TEST_CASE("uniform numbers are uniform in [0, 1)", "[core][random]") {
  random_source random{3};
  std::array<std::size_t, 16> hits{};
  const auto found = moments_of([&] {
    const float value = random.uniform<float>();
    REQUIRE((value >= 0.0f && value < 1.0f));
    ++hits[static_cast<std::size_t>(value * 16.0f)];
    return static_cast<double>(value);
  });
  CHECK(support::close(found.mean, 0.5, 5.0 * std::sqrt(1.0 / 12.0 / draws)));
  CHECK(support::close(found.variance, 1.0 / 12.0, 5.0 / 12.0 * std::sqrt(0.8 / draws)));
  for (const auto count : hits) {
    CHECK(likely(count, 1.0 / 16.0));
  }
}

TEST_CASE("uniform numbers are multiples of 2^-24, the same in float and double",
          "[core][random]") {
  random_source random{4};
  random_source same{4};
  for (int i = 0; i < 1000; ++i) {
    const double value = random.uniform<double>();
    CHECK(value * 0x1p24 == std::floor(value * 0x1p24));
    CHECK(static_cast<double>(same.uniform<float>()) == value);
  }
}

TEST_CASE("normal numbers are normal", "[core][random]") {
  random_source random{5};
  std::size_t beyond_one = 0;
  std::size_t beyond_three = 0;
  const auto found = moments_of([&] {
    const auto value = static_cast<double>(random.normal<float>());
    beyond_one += std::fabs(value) > 1.0 ? 1 : 0;
    beyond_three += std::fabs(value) > 3.0 ? 1 : 0;
    return value;
  });
  CHECK(support::close(found.mean, 0.0, 5.0 * std::sqrt(1.0 / draws)));
  CHECK(support::close(found.variance, 1.0, 5.0 * std::sqrt(2.0 / draws)));
  CHECK(support::close(found.fourth, 3.0, 5.0 * std::sqrt(96.0 / draws))); // 105 - 3^2
  CHECK(likely(beyond_one, std::erfc(1.0 / std::sqrt(2.0))));
  CHECK(likely(beyond_three, std::erfc(3.0 / std::sqrt(2.0))));
}

TEST_CASE("shuffle gives every order the same chance", "[core][random]") {
  random_source random{6};
  std::map<std::array<char, 4>, std::size_t> hits;
  constexpr std::size_t shuffles = 48'000;
  for (std::size_t i = 0; i < shuffles; ++i) {
    std::array<char, 4> items{'a', 'b', 'c', 'd'};
    random.shuffle(std::span<char>{items});
    ++hits[items];
  }
  CHECK(hits.size() == 24); // so they are permutations, and all of them
  for (const auto& [order, count] : hits) {
    CHECK(likely(count, 1.0 / 24.0, shuffles));
  }
}

TEST_CASE("shuffle takes nothing and one", "[core][random]") {
  random_source random{7};
  random.shuffle(std::span<int>{});
  int one = 3;
  random.shuffle(std::span<int>{&one, 1});
  CHECK(one == 3);
  CHECK(random.bits() == random_source{7}.bits()); // and draws nothing for them
}
