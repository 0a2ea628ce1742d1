#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/tanh.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

template <class Layer>
using only = network<input<1000>, Layer>;

template <class T>
std::array<T, 1000> ones() {
  std::array<T, 1000> result{};
  result.fill(T{1});
  return result;
}

/// `rate` is the exact probability of a zero.
template <class Layer, class T>
void check_rate(double rate) {
  CAPTURE(rate);
  constexpr std::size_t runs = 100;
  support::subject<only<Layer>, T> all;
  const auto scaled = static_cast<T>(1.0 / (1.0 - rate));
  std::size_t kept = 0;
  for (std::size_t run = 0; run < runs; ++run) {
    for (const T y : all.template forward<isa::generic>(ones<T>())) {
      REQUIRE((y == T{0} || support::close(y, scaled, T(1e-6) * scaled)));
      kept += y == T{0} ? 0 : 1;
    }
  }
  // Five deviations of the binomial distribution of 100,000 draws.
  const double count = 1000.0 * runs;
  const double deviation = std::sqrt(count * rate * (1.0 - rate));
  CHECK(support::close(static_cast<double>(kept), count * (1.0 - rate), 5.0 * deviation));
}

} // namespace

TEST_CASE("dropout: keeps the shape, whatever its rank", "[layers][dropout]") {
  CHECK(dropout<20>::output(shape{7}) == shape{7});
  CHECK(dropout<20>::output(shape{4, 3, 2}) == shape{4, 3, 2});
}

TEST_CASE("dropout: zeroes the said part and scales the rest", "[layers][dropout]") {
  check_rate<dropout<20>, float>(0.2);
  check_rate<dropout<1, 2>, float>(0.5);
  check_rate<dropout<3, 4>, double>(0.75);
  check_rate<dropout<999, 1000>, float>(0.999);
}

TEST_CASE("dropout: a rate of zero keeps all", "[layers][dropout]") {
  support::subject<only<dropout<0>>, float> all;
  CHECK(all.forward<isa::generic>(ones<float>()) == ones<float>());
}

TEST_CASE("dropout: draws anew for every element, sample and run", "[layers][dropout]") {
  support::subject<network<input<200>, dropout<50>>, float, 2> all;
  std::array<float, 400> x{};
  x.fill(1.0f);
  const auto first = all.forward<isa::generic>(x);
  const auto second = all.forward<isa::generic>(x);
  CHECK(first != second);
  CHECK_FALSE(std::equal(first.begin(), first.begin() + 200, first.begin() + 200));
  all.random = random_source{1};
  CHECK(all.forward<isa::generic>(x) == first);
}

TEST_CASE("dropout: the gradient passes where the value did, with the same factor",
          "[layers][dropout]") {
  support::subject<only<dropout<20>>, float> all;
  std::array<float, 1000> x{};
  std::array<float, 1000> slopes{};
  support::noise random;
  random.fill(std::span<float>{x}, 1.0f, 2.0f);
  random.fill(std::span<float>{slopes}, 1.0f, 2.0f);
  const auto y = all.forward<isa::generic>(x);
  const auto dx = all.backward<isa::generic>(slopes);
  for (std::size_t i = 0; i < 1000; ++i) {
    CHECK(dx[i] == (y[i] == 0.0f ? 0.0f : slopes[i] * 1.25f));
  }
}

TEST_CASE("dropout: gradients against differences", "[layers][dropout]") {
  // check_gradients draws the same numbers for every evaluation.
  CHECK(support::check_network<network<input<1>, dropout<20>>, 1>().relative_error < 1e-6);
  CHECK(support::check_network<network<input<3, 5, 1>, dropout<50>>, 3>().relative_error < 1e-6);
  using between = network<input<5>, dense<9>, mote::tanh, dropout<30>, dense<3>>;
  support::for_each_isa([]<class Isa>(Isa) {
    CHECK(support::check_network<between, 3, Isa>().relative_error < 1e-6);
  });
}

TEST_CASE("dropout: what it zeroes behind a relu does not spoil the relu's way back",
          "[layers][dropout]") {
  // relu's backward reads relu's output, so dropout must not have overwritten it: x is positive
  // everywhere, so relu passes all of the gradient that dropout passes.
  support::subject<network<input<1000>, relu, dropout<1, 2>, mote::tanh>, float> all;
  const auto y = all.forward<isa::generic>(ones<float>());
  const auto dx = all.backward<isa::generic>(ones<float>());
  const float kept_slope = 2.0f * (1.0f - std::tanh(2.0f) * std::tanh(2.0f));
  for (std::size_t i = 0; i < 1000; ++i) {
    CHECK(support::close(dx[i], y[i] == 0.0f ? 0.0f : kept_slope, 1e-6f));
    CHECK(all.memory.value<1>()[0][i] == 1.0f);
  }
}

TEST_CASE("dropout: does nothing in inference", "[layers][dropout]") {
  const parameters<only<dropout<50>>> weights{};
  workspace<only<dropout<50>>> memory{};
  workspace<only<dropout<50>>, float, 1, training> training_memory{};
  std::fill_n(memory.input().data, 1000, 0.75f);
  std::fill_n(training_memory.input().data, 1000, 0.75f);
  const auto is_untouched = [](float y) { return y == 0.75f; };
  const auto output = forward(weights, memory).elements();
  CHECK(std::all_of(output.begin(), output.end(), is_untouched));
  const auto other = forward(weights, training_memory).elements();
  CHECK(std::all_of(other.begin(), other.end(), is_untouched));
}
