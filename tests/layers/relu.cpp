#include <mote/layers/dense.hpp>
#include <mote/layers/relu.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

template <class T>
void check_by_hand() {
  // Positive, negative, both zeros, the smallest and the largest.
  constexpr T least = std::numeric_limits<T>::denorm_min();
  constexpr T most = std::numeric_limits<T>::max();
  support::subject<network<input<2, 4, 1>, relu>, T> all;
  const std::array<T, 8> x{3, -2, 0, T(-0.0), least, -least, most, -most};
  const std::array<T, 8> expected{3, 0, 0, 0, least, 0, most, 0};
  CHECK(all.template forward<isa::generic>(x) == expected);
  const std::array<T, 8> expected_slopes{1, 0, 0, 0, 5, 0, 7, 0};
  CHECK(all.template backward<isa::generic>({1, 2, 3, 4, 5, 6, 7, 8}) == expected_slopes);
}

} // namespace

TEST_CASE("relu: keeps the shape, whatever its rank", "[layers][relu]") {
  CHECK(relu::output(shape{7}) == shape{7});
  CHECK(relu::output(shape{3, 5}) == shape{3, 5});
  CHECK(relu::output(shape{4, 3, 2}) == shape{4, 3, 2});
}

TEST_CASE("relu: forward and backward by hand", "[layers][relu]") {
  check_by_hand<float>();
  check_by_hand<double>();
}

TEST_CASE("relu: gradients against differences, away from the kink", "[layers][relu]") {
  // All inputs are at least 0.1 from 0 and half of them are negative, while differences reach only
  // 1e-5 to either side.
  const auto away_from_zero = [](auto&, std::span<double> inputs) {
    support::noise random{3};
    random.fill(inputs, 0.1, 1.0);
    for (std::size_t i = 0; i < inputs.size(); i += 2) {
      inputs[i] = -inputs[i];
    }
  };
  using one = network<input<1>, relu>;
  using odd = network<input<3, 5, 1>, relu>;
  CHECK(support::check_network<one, 1, isa::generic>(away_from_zero).relative_error < 1e-6);
  CHECK(support::check_network<one, 2, isa::generic>(away_from_zero).relative_error < 1e-6);
  const auto worst = support::check_network<odd, 3, isa::generic>(away_from_zero);
  CHECK(worst.relative_error < 1e-6);
  CHECK(worst.compared == 45);
}

TEST_CASE("relu: gradients through dense layers on both sides", "[layers][relu]") {
  using net = network<input<5>, dense<6>, relu, dense<3>>;
  support::for_each_isa([]<class Isa>(Isa) {
    INFO(Isa::name);
    const auto worst = support::check_network<net, 3, Isa>([](auto& weights, auto inputs) {
      // Inputs are positive and the weights of a unit have one sign, so that the sums before relu
      // are at least 5 * 0.1 * 0.1 from 0: half the units are on, half are off.
      support::noise random{3};
      random.fill(weights);
      random.fill(inputs, 0.1, 1.0);
      auto& first = get<0>(weights);
      random.fill(std::span<double>{first.weights.values}, 0.1, 1.0);
      for (std::size_t unit = 0; unit < 6; ++unit) {
        const double sign = unit % 2 == 0 ? 1.0 : -1.0;
        first.bias[unit] = 0.0;
        for (std::size_t i = 0; i < 5; ++i) {
          first.weights[unit * 5 + i] *= sign;
        }
      }
    });
    CAPTURE(worst.layer, worst.tensor, worst.element, worst.analytic, worst.numeric);
    CHECK(worst.relative_error < 1e-6);
  });
}
