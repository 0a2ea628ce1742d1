#include <mote/layers/dense.hpp>
#include <mote/layers/relu.hpp>
#include <mote/losses/mean_squared_error.hpp>
#include <mote/losses/softmax_cross_entropy.hpp>
#include <mote/training/metrics.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

/// Sample i is (i, 10 - i, 5); its label is in `labels`.
struct ramp {
  std::vector<std::uint8_t> labels;

  std::size_t size() const { return labels.size(); }
  std::uint8_t label(std::size_t i) const { return labels[i]; }
  template <class T>
  void copy_input(std::size_t i, std::span<T> target) const {
    target[0] = static_cast<T>(i);
    target[1] = static_cast<T>(10 - i);
    target[2] = T{5};
  }
};

// The largest of (i, 10 - i, 5): class 1 until 4, class 0 from 5 on, where the first of equals
// wins.
const ramp all_right{{1, 1, 1, 1, 1, 0, 0, 0, 0, 0}};

using identity_network = network<input<3>, dense<3>>;

template <class T>
parameters<identity_network, T> unit_matrix() {
  parameters<identity_network, T> weights{};
  for (std::size_t i = 0; i < 3; ++i) {
    get<0>(weights).weights[i * 3 + i] = T{1};
  }
  return weights;
}

template <class Loss, std::size_t Batch, class Isa = isa::native>
evaluation evaluate_in_batches(const ramp& data) {
  workspace<identity_network, double, Batch> memory{};
  return evaluate<Loss, Isa>(unit_matrix<double>(), data, memory);
}

} // namespace

TEST_CASE("argmax is the first of the largest", "[training][metrics]") {
  constexpr std::array<float, 4> values{-3.0f, 2.0f, 2.0f, -1.0f};
  static_assert(argmax(std::span<const float>{values}) == 1);
  CHECK(argmax(std::span<const float>{values}.first(1)) == 0);
  CHECK(argmax(std::span<const float>{values}.last(1)) == 0);
  const std::array<std::int8_t, 3> codes{-128, -127, 127};
  CHECK(argmax(std::span<const std::int8_t, 3>{codes}) == 2);
}

TEST_CASE("evaluate counts all samples, whatever the batch", "[training][metrics]") {
  ramp two_wrong = all_right;
  two_wrong.labels[2] = 0;
  two_wrong.labels[9] = 2;
  const auto check = [&](const evaluation& right, const evaluation& wrong) {
    CHECK(right.samples == 10);
    CHECK(right.correct == 10);
    CHECK(right.accuracy() == 1.0);
    CHECK(right.total_loss == 0.0); // nobody asked for it
    CHECK(wrong.samples == 10);
    CHECK(wrong.correct == 8);
    CHECK(wrong.accuracy() == 0.8);
  };
  check(evaluate_in_batches<none, 1>(all_right), evaluate_in_batches<none, 1>(two_wrong));
  check(evaluate_in_batches<none, 4>(all_right), evaluate_in_batches<none, 4>(two_wrong));
  check(evaluate_in_batches<none, 10>(all_right), evaluate_in_batches<none, 10>(two_wrong));
  check(evaluate_in_batches<none, 64>(all_right), evaluate_in_batches<none, 64>(two_wrong));
}

TEST_CASE("evaluate averages the loss over samples, not over batches", "[training][metrics]") {
  double cross_entropy = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < 10; ++i) {
    const double z[]{static_cast<double>(i), static_cast<double>(10 - i), 5.0};
    const std::size_t label = all_right.labels[i];
    cross_entropy -=
        std::log(std::exp(z[label]) / (std::exp(z[0]) + std::exp(z[1]) + std::exp(z[2])));
    for (std::size_t c = 0; c < 3; ++c) {
      squares += (z[c] - (c == label ? 1.0 : 0.0)) * (z[c] - (c == label ? 1.0 : 0.0)) / 3.0;
    }
  }
  const auto check = [&](const evaluation& softmax, const evaluation& square) {
    CHECK(support::close(softmax.loss(), cross_entropy / 10.0, 1e-12));
    CHECK(support::close(square.loss(), squares / 10.0, 1e-12));
  };
  check(evaluate_in_batches<softmax_cross_entropy, 3>(all_right),
        evaluate_in_batches<mean_squared_error, 3>(all_right));
  check(evaluate_in_batches<softmax_cross_entropy, 10, isa::generic>(all_right),
        evaluate_in_batches<mean_squared_error, 7, isa::simd<16>>(all_right));
}

TEST_CASE("nothing evaluates to nothing", "[training][metrics]") {
  const auto result = evaluate_in_batches<softmax_cross_entropy, 3>(ramp{});
  CHECK(result.samples == 0);
  CHECK(result.accuracy() == 0.0);
  CHECK(result.loss() == 0.0);
}
