#include <mote/layers/dense.hpp>
#include <mote/layers/frozen.hpp>
#include <mote/training/average.hpp>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

using net = network<input<1>, frozen<dense<1>>, dense<1>>;

template <class T>
constexpr parameters<net, T> all_equal(T value) {
  parameters<net, T> weights{};
  visit_tensors<net>([&](auto, const field&, auto& tensor) { tensor.values.fill(value); }, weights);
  return weights;
}

} // namespace

TEST_CASE("moving average: by hand", "[training][average]") {
  // The first value is taken; then 3/4 of the average and 1/4 of 8, 4: 4, 4 + 1 = 5, 5 - 1/4.
  moving_average<net, double> average{.decay = 0.75};
  average.update(all_equal(4.0));
  CHECK(get<1>(average.parameters).weights[0] == 4.0);
  average.update(all_equal(8.0));
  CHECK(get<1>(average.parameters).weights[0] == 5.0);
  CHECK(get<1>(average.parameters).bias[0] == 5.0);
  average.update(all_equal(4.0));
  CHECK(get<1>(average.parameters).weights[0] == 4.75);
  // What is not trained is the last.
  CHECK(get<0>(average.parameters).weights[0] == 4.0);
}

TEST_CASE("moving average: of equal weights it is these weights", "[training][average]") {
  moving_average<net> average;
  for (int step = 0; step < 100; ++step) {
    average.update(all_equal(0.1f));
  }
  CHECK(support::same_parameters<net>(average.parameters, all_equal(0.1f)));
}

TEST_CASE("moving average: in the compiler", "[training][average]") {
  constexpr float last = [] {
    moving_average<net> average{.decay = 0.5f};
    average.update(all_equal(1.0f));
    average.update(all_equal(2.0f));
    return get<1>(average.parameters).bias[0];
  }();
  static_assert(last == 1.5f);
}
