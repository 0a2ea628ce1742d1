#include <mote/losses/softmax_cross_entropy.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

template <class T, std::size_t Classes, std::size_t Rows>
struct evaluated {
  T loss;
  std::array<T, Rows * Classes> gradient{};

  evaluated(const std::array<T, Rows * Classes>& logits,
            const std::array<std::uint8_t, Rows>& labels) {
    const batch_view<const T, Classes> view{logits.data(), Rows};
    const std::span<const std::uint8_t> targets{labels};
    loss = softmax_cross_entropy::evaluate(view, targets,
                                           batch_view<T, Classes>{gradient.data(), Rows});
    CHECK(softmax_cross_entropy::evaluate(view, targets) == loss); // asked for alone
  }
};

} // namespace

TEST_CASE("softmax cross-entropy: by hand", "[losses]") {
  // Logits ln 1, ln 2, ln 5 have the probabilities 1/8, 2/8, 5/8; equal logits 1/3 each. The loss
  // is the mean of -ln(2/8) and -ln(1/3); the gradient (p - onehot) / 2.
  const auto check = []<class T>(T tolerance) {
    const evaluated<T, 3, 2> got({T(0), T(std::log(2.0)), T(std::log(5.0)), T(7), T(7), T(7)},
                                 {1, 0});
    CHECK(support::close(got.loss, T(0.5 * (std::log(4.0) + std::log(3.0))), tolerance));
    const std::array<double, 6> expected{0.0625, -0.375, 0.3125, -1.0 / 3, 1.0 / 6, 1.0 / 6};
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(support::close(got.gradient[i], static_cast<T>(expected[i]), tolerance));
    }
  };
  check(1e-6f);
  check(1e-15);
}

TEST_CASE("softmax cross-entropy: one class is always right", "[losses]") {
  const evaluated<float, 1, 2> got({3.0f, -9.0f}, {0, 0});
  CHECK(got.loss == 0.0f);
  CHECK(got.gradient == std::array{0.0f, 0.0f});
}

TEST_CASE("softmax cross-entropy: adding the same to all logits changes nothing", "[losses]") {
  const evaluated<double, 4, 1> here({1.0, 2.0, -3.0, 0.5}, {2});
  const evaluated<double, 4, 1> there({1001.0, 1002.0, 997.0, 1000.5}, {2});
  CHECK(support::close(here.loss, there.loss, 1e-12));
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(support::close(here.gradient[i], there.gradient[i], 1e-12));
  }
}

TEST_CASE("softmax cross-entropy: neither over- nor underflows", "[losses]") {
  constexpr float huge = 1e30f;
  const evaluated<float, 3, 2> got({huge, 0.0f, -huge, huge, 0.0f, -huge}, {0, 2});
  // The first sample is right beyond doubt; the second costs the difference of its logits.
  CHECK(support::close(got.loss, huge, 1e24f));
  CHECK(got.gradient == std::array{0.0f, 0.0f, 0.0f, 0.5f, 0.0f, -0.5f});
}

TEST_CASE("softmax cross-entropy: a row's gradient sums to zero", "[losses]") {
  support::noise random;
  std::array<double, 7 * 10> logits{};
  random.fill(std::span<double>{logits}, -8.0, 8.0);
  const evaluated<double, 10, 7> got(logits, {0, 1, 2, 3, 9, 9, 5});
  for (std::size_t row = 0; row < 7; ++row) {
    double sum = 0.0;
    for (std::size_t c = 0; c < 10; ++c) {
      sum += got.gradient[row * 10 + c];
    }
    CHECK(support::close(sum, 0.0, 1e-16));
  }
}

TEST_CASE("softmax cross-entropy: gradient against differences", "[losses]") {
  support::noise random;
  std::array<double, 3 * 5> logits{};
  random.fill(std::span<double>{logits}, -3.0, 3.0);
  const std::array<std::uint8_t, 3> labels{4, 0, 2};
  const evaluated<double, 5, 3> got(logits, labels);
  constexpr double step = 1e-5;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    auto above = logits;
    auto below = logits;
    above[i] += step;
    below[i] -= step;
    const double slope = (evaluated<double, 5, 3>(above, labels).loss -
                          evaluated<double, 5, 3>(below, labels).loss) /
                         (2.0 * step);
    CHECK(support::close(got.gradient[i], slope, 1e-9));
  }
}

TEST_CASE("softmax cross-entropy: float agrees with double", "[losses]") {
  support::noise random;
  std::array<float, 20 * 6> logits{};
  random.fill(std::span<float>{logits}, -10.0f, 10.0f);
  std::array<double, 20 * 6> wide_logits{};
  std::copy(logits.begin(), logits.end(), wide_logits.begin());
  std::array<std::uint8_t, 20> labels{};
  std::generate(labels.begin(), labels.end(),
                [&] { return static_cast<std::uint8_t>(random.between(0.0, 5.9)); });
  const evaluated<float, 6, 20> narrow(logits, labels);
  const evaluated<double, 6, 20> wide(wide_logits, labels);
  CHECK(support::close(static_cast<double>(narrow.loss), wide.loss, 1e-5));
  for (std::size_t i = 0; i < narrow.gradient.size(); ++i) {
    CHECK(support::close(static_cast<double>(narrow.gradient[i]), wide.gradient[i], 1e-7));
  }
}

TEST_CASE("softmax cross-entropy: labels may be of any integer type", "[losses]") {
  const std::array<double, 3> logits{1.0, 2.0, 3.0};
  const batch_view<const double, 3> view{logits.data(), 1};
  const std::array<int, 1> as_int{2};
  const std::array<std::uint8_t, 1> as_byte{2};
  CHECK(softmax_cross_entropy::evaluate(view, std::span<const int>{as_int}) ==
        softmax_cross_entropy::evaluate(view, std::span<const std::uint8_t>{as_byte}));
}
