#include <mote/losses/mean_squared_error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

template <class T>
void check_by_hand() {
  // Differences 1 -2 and 3 0 of two rows of two: (1 + 4 + 9 + 0) / 4, gradient 2 d / 4.
  const std::array<T, 4> outputs{3, 1, 5, 7};
  const std::array<T, 4> targets{2, 3, 2, 7};
  const batch_view<const T, 2> output_view{outputs.data(), 2};
  const batch_view<const T, 2> target_view{targets.data(), 2};
  std::array<T, 4> gradient{9, 9, 9, 9};
  CHECK(mean_squared_error::evaluate(output_view, target_view,
                                     batch_view<T, 2>{gradient.data(), 2}) == T(3.5));
  CHECK(gradient == std::array<T, 4>{T(0.5), -1, T(1.5), 0});
  CHECK(mean_squared_error::evaluate(output_view, target_view) == T(3.5));
}

template <class T>
void check_labels_by_hand() {
  // Label 1 of (0.5, 2): differences 0.5 and 1; label 0 of (1, -1): 0 and -1. Mean 2.25 / 4.
  const std::array<T, 4> outputs{T(0.5), 2, 1, -1};
  const std::array<std::uint8_t, 2> labels{1, 0};
  std::array<T, 4> gradient{};
  CHECK(mean_squared_error::evaluate(batch_view<const T, 2>{outputs.data(), 2},
                                     std::span<const std::uint8_t>{labels},
                                     batch_view<T, 2>{gradient.data(), 2}) == T(0.5625));
  CHECK(gradient == std::array<T, 4>{T(0.25), T(0.5), 0, T(-0.5)});
}

} // namespace

TEST_CASE("mean squared error: by hand", "[losses]") {
  check_by_hand<float>();
  check_by_hand<double>();
}

TEST_CASE("mean squared error: against the one-hot codes of labels", "[losses]") {
  check_labels_by_hand<float>();
  check_labels_by_hand<double>();
}

TEST_CASE("mean squared error: is zero where outputs are targets", "[losses]") {
  const std::array<float, 3> outputs{1.0f, -2.0f, 3.0f};
  std::array<float, 3> gradient{9.0f, 9.0f, 9.0f};
  const batch_view<const float, 1> view{outputs.data(), 3};
  CHECK(mean_squared_error::evaluate(view, view, batch_view<float, 1>{gradient.data(), 3}) == 0.0f);
  CHECK(gradient == std::array<float, 3>{});
}

TEST_CASE("mean squared error: gradient against differences", "[losses]") {
  support::noise random;
  std::array<double, 15> outputs{};
  std::array<double, 15> targets{};
  std::array<double, 15> gradient{};
  random.fill(std::span<double>{outputs});
  random.fill(std::span<double>{targets});
  const batch_view<const double, 5> target_view{targets.data(), 3};
  const auto loss_of = [&](const std::array<double, 15>& at) {
    return mean_squared_error::evaluate(batch_view<const double, 5>{at.data(), 3}, target_view);
  };
  mean_squared_error::evaluate(batch_view<const double, 5>{outputs.data(), 3}, target_view,
                               batch_view<double, 5>{gradient.data(), 3});
  constexpr double step = 1e-4; // a parabola: differences have no error but rounding
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    auto above = outputs;
    auto below = outputs;
    above[i] += step;
    below[i] -= step;
    CHECK(support::close(gradient[i], (loss_of(above) - loss_of(below)) / (2.0 * step), 1e-10));
  }
}
