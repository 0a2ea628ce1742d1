#include <mote/losses/softmax_cross_entropy.hpp>

#include "losses.hpp"

using namespace mote;

TEST_CASE("softmax cross-entropy: soft targets by hand", "[losses]") {
  // Logits ln 1, ln 2, ln 5: probabilities 1/8, 2/8, 5/8. Targets 1/2, 1/4, 1/4:
  // loss = ln(8)/2 + ln(4)/4 + ln(8/5)/4, gradient p - t = -3/8, 0, 3/8.
  const auto check = []<class T>(T tolerance) {
    const support::evaluated<softmax_cross_entropy, T, 3, 1> got(
        {T(0), T(std::log(2.0L)), T(std::log(5.0L))}, {T(0.5), T(0.25), T(0.25)});
    const T expected = T(std::log(8.0L) / 2 + std::log(4.0L) / 4 + std::log(1.6L) / 4);
    CHECK(support::close(got.loss, expected, tolerance));
    CHECK(support::close(got.gradient[0], T(-0.375), tolerance));
    CHECK(support::close(got.gradient[1], T(0), tolerance));
    CHECK(support::close(got.gradient[2], T(0.375), tolerance));
  };
  check(3e-7f);
  check(1e-15);
}

TEST_CASE("softmax cross-entropy: one-hot targets are labels", "[losses]") {
  const support::drawn<5, 3> point;
  const std::array<std::uint8_t, 3> labels{4, 0, 2};
  std::array<double, 15> one_hot{};
  for (std::size_t row = 0; row < 3; ++row) {
    one_hot[row * 5 + labels[row]] = 1.0;
  }
  const support::evaluated<softmax_cross_entropy, double, 5, 3> soft(point.outputs, one_hot);
  std::array<double, 15> gradient{};
  const auto loss = softmax_cross_entropy::evaluate(
      batch_view<const double, 5>{point.outputs.data(), 3}, std::span<const std::uint8_t>{labels},
      batch_view<double, 5>{gradient.data(), 3});
  CHECK(soft.loss == loss);
  CHECK(soft.gradient == gradient);
}

TEST_CASE("softmax cross-entropy: targets that do not add up to 1", "[losses]") {
  // Two equal logits have probabilities 1/2: targets 1, 2 cost 3 ln 2; the gradient is 3 p - t.
  const support::evaluated<softmax_cross_entropy, double, 2, 1> got({7.0, 7.0}, {1.0, 2.0});
  CHECK(support::close(got.loss, 3 * std::log(2.0), 1e-14));
  CHECK(got.gradient == std::array{0.5, -0.5});
}

TEST_CASE("smoothed softmax cross-entropy: by hand", "[losses]") {
  // A smoothing of 3/10 over 3 classes turns label 1 into 0.1, 0.8, 0.1. With the probabilities
  // 1/8, 2/8, 5/8: loss = 0.1 ln 8 + 0.8 ln 4 + 0.1 ln 1.6, gradient p - t.
  const std::array<double, 3> z{0.0, std::log(2.0), std::log(5.0)};
  const std::array<std::uint8_t, 1> labels{1};
  std::array<double, 3> gradient{};
  const auto loss = softmax_cross_entropy_smoothed<3, 10>::evaluate(
      batch_view<const double, 3>{z.data(), 1}, std::span<const std::uint8_t>{labels},
      batch_view<double, 3>{gradient.data(), 1});
  CHECK(
      support::close(loss, 0.1 * std::log(8.0) + 0.8 * std::log(4.0) + 0.1 * std::log(1.6), 1e-15));
  CHECK(support::close(gradient[0], 0.025, 1e-15));
  CHECK(support::close(gradient[1], -0.55, 1e-15));
  CHECK(support::close(gradient[2], 0.525, 1e-15));
}

TEST_CASE("smoothed softmax cross-entropy: a smoothing of 0 has the same bits", "[losses]") {
  const support::drawn<6, 4> point;
  const support::evaluated<softmax_cross_entropy, double, 6, 4> plain(point.outputs, point.targets);
  const support::evaluated<softmax_cross_entropy_smoothed<0>, double, 6, 4> same(point.outputs,
                                                                                 point.targets);
  CHECK(plain.loss == same.loss);
  CHECK(plain.gradient == same.gradient);
}

TEST_CASE("smoothed softmax cross-entropy: infinite logits of classes that are not wanted",
          "[losses]") {
  const support::evaluated<softmax_cross_entropy, float, 3, 1> got(
      {0.0f, -std::numeric_limits<float>::infinity(), 0.0f}, {0.5f, 0.0f, 0.5f});
  CHECK(support::close(got.loss, std::log(2.0f), 1e-7f));
  CHECK(got.gradient == std::array{0.0f, 0.0f, 0.0f});
}

TEST_CASE("smoothed softmax cross-entropy: gradient against differences, float against double",
          "[losses]") {
  support::check_loss_gradient<softmax_cross_entropy, 2, 1>();
  support::check_loss_gradient<softmax_cross_entropy, 5, 3>();
  support::check_loss_gradient<softmax_cross_entropy_smoothed<10>, 5, 3>();
  support::check_loss_gradient<softmax_cross_entropy_smoothed<1, 3>, 1, 2>();
  support::check_loss_float_against_double<softmax_cross_entropy>(1e-6);
  support::check_loss_float_against_double<softmax_cross_entropy_smoothed<10>>(1e-6);
}

TEST_CASE("smoothed softmax cross-entropy: in the compiler", "[losses]") {
  // Targets 0, 1/4 of the logits 1/2, -1: ln(e^0 + e^-1.5) + 1.5, a quarter of it.
  static_assert(support::close(support::compiled_loss<softmax_cross_entropy>(), 0.4253533f, 1e-6f));
}
