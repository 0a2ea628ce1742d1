#include <mote/layers/initializers.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

struct moments {
  double mean = 0.0;
  double variance = 0.0;
  double lowest = 0.0;
  double highest = 0.0;
};

constexpr std::size_t draws = 200'000;

template <class Initializer, class T>
moments moments_of(std::size_t fan_in, std::size_t fan_out) {
  std::vector<T> weights(draws);
  random_source generator{11};
  Initializer::fill(std::span<T>{weights}, fan_in, fan_out, generator);
  moments result;
  for (const T weight : weights) {
    result.mean += static_cast<double>(weight) / draws;
  }
  for (const T weight : weights) {
    const double difference = static_cast<double>(weight) - result.mean;
    result.variance += difference * difference / (draws - 1);
  }
  const auto [lowest, highest] = std::minmax_element(weights.begin(), weights.end());
  result.lowest = static_cast<double>(*lowest);
  result.highest = static_cast<double>(*highest);
  return result;
}

/// Five deviations of the mean and of the variance, whose relative deviation for n draws is
/// sqrt((kurtosis - 1) / n): 3 for the normal, 9/5 for the uniform distribution.
void check_moments(const moments& found, double variance, double kurtosis) {
  CHECK(support::close(found.mean, 0.0, 5.0 * std::sqrt(variance / draws)));
  CHECK(support::close(found.variance, variance,
                       5.0 * variance * std::sqrt((kurtosis - 1.0) / draws)));
}

void check_uniform(const moments& found, double bound) {
  check_moments(found, bound * bound / 3.0, 1.8);
  CHECK(found.lowest >= -bound * (1.0 + 1e-6));
  CHECK(found.lowest < -0.999 * bound);
  CHECK(found.highest <= bound * (1.0 + 1e-6));
  CHECK(found.highest > 0.999 * bound);
}

void check_normal(const moments& found, double variance) {
  check_moments(found, variance, 3.0);
  CHECK(found.lowest < -3.5 * std::sqrt(variance)); // 47 of 200,000 are expected below
  CHECK(found.highest > 3.5 * std::sqrt(variance));
}

} // namespace

TEST_CASE("glorot is uniform within sqrt(6 / (fan in + fan out))", "[layers][initializers]") {
  check_uniform(moments_of<initializers::glorot, float>(100, 50), std::sqrt(6.0 / 150.0));
  check_uniform(moments_of<initializers::glorot, double>(1, 1), std::sqrt(3.0));
}

TEST_CASE("he is normal with variance 2 / fan in", "[layers][initializers]") {
  check_normal(moments_of<initializers::he, float>(784, 10), 2.0 / 784.0);
  check_normal(moments_of<initializers::he, double>(2, 999), 1.0);
}

TEST_CASE("uniform and normal are what they are told", "[layers][initializers]") {
  check_uniform(moments_of<initializers::uniform<1, 20>, float>(7, 9), 0.05);
  check_uniform(moments_of<initializers::uniform<3>, float>(7, 9), 3.0);
  check_normal(moments_of<initializers::normal<1, 100>, float>(7, 9), 1e-4);
  check_normal(moments_of<initializers::normal<2>, double>(7, 9), 4.0);
}

TEST_CASE("the generator decides what is drawn", "[layers][initializers]") {
  const auto weights_from = [](std::uint64_t seed) {
    std::array<float, 16> weights{};
    random_source generator{seed};
    initializers::he::fill(std::span<float>{weights}, 4, 4, generator);
    return weights;
  };
  CHECK(weights_from(1) == weights_from(1));
  CHECK(weights_from(1) != weights_from(2));
}
