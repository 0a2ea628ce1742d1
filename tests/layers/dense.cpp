#include <mote/layers/dense.hpp>
#include <mote/layers/flatten.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

template <std::size_t Inputs, std::size_t Outputs>
using single = network<input<Inputs>, dense<Outputs>>;

// W = [1 2 3; -4 5 -6], b = [0.5 -1], x = [1 -2 3] and [0 1 -1]:
//   W x + b = [1 - 4 + 9 + 0.5, -4 - 10 - 18 - 1] and [2 - 3 + 0.5, 5 + 6 - 1].
// With dy = [2 -1] and [1 3]:
//   dW = dy^T x = [2 -4 + 1 6 - 1; -1 2 + 3 -3 - 3], db = [3 2],
//   dx = dy W = [2 + 4, 4 - 5, 6 + 6] and [1 - 12, 2 + 15, 3 - 18].
// All are small integers and halves, so every order of summation gives these bits.
template <class T, class Isa>
void check_by_hand() {
  INFO(Isa::name);
  support::subject<single<3, 2>, T, 2> all;
  get<0>(all.weights).weights.values = {1, 2, 3, -4, 5, -6};
  get<0>(all.weights).bias.values = {T(0.5), -1};
  CHECK(all.template forward<Isa>({1, -2, 3, 0, 1, -1}) ==
        std::array<T, 4>{T(6.5), -33, T(-0.5), 10});
  CHECK(all.template backward<Isa>({2, -1, 1, 3}) == std::array<T, 6>{6, -1, 12, -11, 17, -15});
  CHECK(get<0>(all.slopes).weights.values == std::array<T, 6>{2, -3, 5, -1, 5, -6});
  CHECK(get<0>(all.slopes).bias.values == std::array<T, 2>{3, 2});
}

template <std::size_t Inputs, std::size_t Outputs, std::size_t Batch, class Isa>
void check_gradient() {
  CAPTURE(Inputs, Outputs, Batch, Isa::name);
  const auto worst = support::check_network<single<Inputs, Outputs>, Batch, Isa>();
  CAPTURE(worst.layer, worst.tensor, worst.element, worst.analytic, worst.numeric);
  CHECK(worst.relative_error < 1e-6);
  CHECK(worst.compared == Batch * Inputs + Inputs * Outputs + Outputs);
}

template <std::size_t Inputs, std::size_t Outputs, std::size_t Batch>
void check_float_against_double() {
  support::for_each_isa([]<class Isa>(Isa) {
    CAPTURE(Inputs, Outputs, Batch, Isa::name);
    support::subject<single<Inputs, Outputs>, float, Batch> narrow;
    support::subject<single<Inputs, Outputs>, double, Batch> wide;
    support::noise random;
    random.fill(narrow.weights);
    visit_tensors<single<Inputs, Outputs>>(
        [](auto, const field&, const auto& from, auto& to) {
          std::copy(from.values.begin(), from.values.end(), to.values.begin());
        },
        narrow.weights, wide.weights);
    typename decltype(narrow)::input x{};
    typename decltype(wide)::input wide_x{};
    random.fill(std::span<float>{x});
    std::copy(x.begin(), x.end(), wide_x.begin());

    // Magnitudes are below 1, so each of the n + 1 terms adds at most n rounding errors of 2^-24.
    const auto tolerance = [](std::size_t terms) {
      return static_cast<double>(terms * terms) * 0x1p-24;
    };
    const auto y = narrow.template forward<Isa>(x);
    const auto wide_y = wide.template forward<Isa>(wide_x);
    for (std::size_t i = 0; i < y.size(); ++i) {
      CHECK(support::close(static_cast<double>(y[i]), wide_y[i], tolerance(Inputs + 1)));
    }
    typename decltype(narrow)::output dy{};
    typename decltype(wide)::output wide_dy{};
    random.fill(std::span<float>{dy});
    std::copy(dy.begin(), dy.end(), wide_dy.begin());
    const auto dx = narrow.template backward<Isa>(dy);
    const auto wide_dx = wide.template backward<Isa>(wide_dy);
    for (std::size_t i = 0; i < dx.size(); ++i) {
      CHECK(support::close(static_cast<double>(dx[i]), wide_dx[i], tolerance(Outputs)));
    }
    CHECK(support::all_parameters<single<Inputs, Outputs>>(
        narrow.slopes, wide.slopes, [&](float a, double b) {
          return support::close(static_cast<double>(a), b, tolerance(Batch));
        }));
  });
}

} // namespace

TEST_CASE("dense: shapes and costs", "[layers][dense]") {
  CHECK(dense<10>::output(shape{784}) == shape{10});
  CHECK(dense<10>::macs(shape{784}) == 7840);
  CHECK(dense<1>::macs(shape{1}) == 1);
  CHECK(dense<1>::expects::accepts(shape{3}));
  CHECK_FALSE(dense<1>::expects::accepts(shape{3, 3}));
  CHECK_FALSE(dense<1>::expects::accepts(shape{3, 3, 1}));

  using items = dense<4>::parameters<shape{3}, float>;
  CHECK(decltype(items::weights)::extents == std::array<std::size_t, 2>{4, 3});
  CHECK(decltype(items::bias)::extents == std::array<std::size_t, 1>{4});
  CHECK(sizeof(items) == (4 * 3 + 4) * sizeof(float));
}

TEST_CASE("dense: says what its parameters are", "[layers][dense]") {
  std::vector<std::string> names;
  dense<4>::parameters<shape{3}, float> items{};
  items.visit(
      [&](const field& description, auto&) {
        names.emplace_back(description.name);
        CHECK(description.role == (names.size() == 1 ? role::weight : role::bias));
        CHECK(description.fan_in == 3);
        CHECK(description.fan_out == 4);
      },
      items);
  CHECK(names == std::vector<std::string>{"weights", "bias"});
}

TEST_CASE("dense: forward and backward by hand", "[layers][dense]") {
  support::for_each_isa([]<class Isa>(Isa) {
    check_by_hand<float, Isa>();
    check_by_hand<double, Isa>();
  });
}

TEST_CASE("dense: gradients against differences", "[layers][dense]") {
  check_gradient<1, 1, 1, isa::generic>();
  check_gradient<3, 5, 2, isa::generic>();
  check_gradient<17, 9, 3, isa::generic>();
  check_gradient<5, 3, 4, isa::simd<16>>();
  check_gradient<9, 7, 1, isa::simd<32>>();
  check_gradient<13, 5, 5, isa::simd<64>>();
}

TEST_CASE("dense: float agrees with double", "[layers][dense]") {
  check_float_against_double<1, 1, 1>();
  check_float_against_double<7, 5, 3>();
  check_float_against_double<33, 19, 5>();
}
