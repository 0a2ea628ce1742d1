#include <mote/core/report.hpp>
#include <mote/layers/conv1d.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/tanh.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include "../catch.hpp"
#include "../golden/conv1d.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

template <std::size_t Stride, padding Padding>
using golden_net =
    network<input<golden::conv1d::steps, golden::conv1d::channels>,
            conv1d<golden::conv1d::filters, golden::conv1d::kernel, Stride, Padding>>;

constexpr double largest_difference(std::span<const double> a, std::span<const double> b) {
  double largest = a.size() == b.size() ? 0.0 : 1e9;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    largest = std::max(largest, math::absolute(a[i] - b[i]));
  }
  return largest;
}

/// How far output and gradients are from PyTorch's. The largest of them is about 20.
template <class Net, class Isa, std::size_t Positions>
constexpr double distance_from(const golden::conv1d::run<Positions>& wanted) {
  parameters<Net, double> weights{};
  get<0>(weights) = {{golden::conv1d::weights}, {golden::conv1d::bias}};
  workspace<Net, double, golden::conv1d::batch, training_with_input_gradient> memory{};
  gradients<Net, double> slopes{};
  random_source random{1};
  std::copy(golden::conv1d::input.begin(), golden::conv1d::input.end(), memory.input().data);
  const double of_output =
      largest_difference(train_forward<Isa>(weights, memory, random).elements(), wanted.output);
  std::copy(wanted.output_gradient.begin(), wanted.output_gradient.end(),
            memory.output_gradient().data);
  backward<Isa>(weights, memory, slopes);
  const auto& p = get<0>(slopes);
  return std::max({of_output, largest_difference(p.weights.values, wanted.weights),
                   largest_difference(p.bias.values, wanted.bias),
                   largest_difference(memory.input_gradient().elements(), wanted.input)});
}

template <class Isa>
constexpr bool is_golden() {
  return distance_from<golden_net<1, padding::valid>, Isa>(golden::conv1d::valid) < 1e-13 &&
         distance_from<golden_net<2, padding::same>, Isa>(golden::conv1d::same_by_two) < 1e-13;
}

} // namespace

TEST_CASE("conv1d: a sequence becomes a sequence", "[layers][conv1d]") {
  using valid = network<input<9, 3>, conv1d<5, 4>>;
  STATIC_REQUIRE(valid::output == shape{6, 5});
  CHECK(report<valid>.parameters == 5 * (4 * 3 + 1));
  CHECK(report<valid>.macs == 6 * 5 * 4 * 3);
  STATIC_REQUIRE(network<input<9, 3>, conv1d<5, 4, 2>>::output == shape{3, 5});
  STATIC_REQUIRE(network<input<9, 3>, conv1d<5, 4, 1, padding::same>>::output == shape{9, 5});
  STATIC_REQUIRE(network<input<9, 3>, conv1d<5, 4, 2, padding::same>>::output == shape{5, 5});
  using items = conv1d<5, 4>::parameters<shape{9, 3}, float>;
  STATIC_REQUIRE(std::is_same_v<decltype(items::weights), tensor<float, 5, 4, 3>>);
  CHECK(items::fan_in == 4 * 3);
  CHECK(items::fan_out == 4 * 5);
}

TEST_CASE("conv1d: output and gradients are PyTorch's", "[layers][conv1d]") {
  STATIC_REQUIRE(is_golden<isa::generic>());
  STATIC_REQUIRE(is_golden<isa::native>()); // in the compiler that is the plain loops as well
  support::for_each_isa([](auto machine) {
    CAPTURE(machine.name);
    CHECK(is_golden<decltype(machine)>());
  });
}

TEST_CASE("conv1d: gradients against differences", "[layers][conv1d]") {
  support::for_each_isa([](auto machine) {
    CAPTURE(machine.name);
    using Isa = decltype(machine);
    CHECK(support::check_network<network<input<1, 1>, conv1d<1, 1>>, 2, Isa>().relative_error <
          1e-6);
    CHECK(support::check_network<network<input<7, 5>, conv1d<3, 2, 3>>, 2, Isa>().relative_error <
          1e-6);
    using deep = network<input<11, 2>, conv1d<3, 4, 2, padding::same>, mote::tanh,
                         conv1d<2, 3, 1, padding::valid, initializers::glorot, bias::none>, flatten,
                         dense<2>>;
    CHECK(support::check_network<deep, 3, Isa>().relative_error < 1e-6);
  });
}

TEST_CASE("conv1d: in float as in double", "[layers][conv1d]") {
  using net = network<input<13, 6>, conv1d<9, 5>>;
  support::for_each_isa([](auto machine) {
    CAPTURE(machine.name);
    support::subject<net, float, 3> single;
    support::subject<net, double, 3> twice;
    support::noise random;
    random.fill(single.weights);
    typename decltype(single)::input x;
    random.fill(std::span<float>{x});
    std::copy_n(get<0>(single.weights).weights.data(), 9 * 5 * 6,
                get<0>(twice.weights).weights.data());
    std::copy_n(get<0>(single.weights).bias.data(), 9, get<0>(twice.weights).bias.data());
    typename decltype(twice)::input wide;
    std::copy(x.begin(), x.end(), wide.begin());
    const auto y = single.template forward<decltype(machine)>(x);
    const auto expected = twice.template forward<isa::generic>(wide);
    for (std::size_t i = 0; i < y.size(); ++i) {
      CHECK(support::close(static_cast<double>(y[i]), expected[i], 1e-5));
    }
  });
}

TEST_CASE("conv1d: is conv2d on an image of height 1 with a kernel as high", "[layers][conv1d]") {
  // A square kernel whose other rows lie on padding: only its middle row takes part.
  using narrow = network<input<6, 2>, conv1d<4, 3, 1, padding::same>>;
  using square = network<input<1, 6, 2>, conv2d<4, 3, 1, padding::same>>;
  support::subject<narrow, float, 2> a;
  support::subject<square, float, 2> b;
  support::noise random;
  random.fill(a.weights);
  random.fill(b.weights);
  get<0>(b.weights).bias.values = get<0>(a.weights).bias.values;
  for (std::size_t f = 0; f < 4; ++f) {
    std::copy_n(get<0>(a.weights).weights.data() + f * 6, 6,
                get<0>(b.weights).weights.data() + f * 18 + 6);
  }
  std::array<float, 24> x;
  random.fill(std::span<float>{x});
  CHECK(a.template forward<isa::generic>(x) == b.template forward<isa::generic>(x));
}

TEST_CASE("conv1d: without a bias there is no bias", "[layers][conv1d]") {
  using layer_type = conv1d<4, 3, 1, padding::valid, initializers::automatic, bias::none>;
  using net = network<input<6, 2>, layer_type>;
  STATIC_REQUIRE(std::is_same_v<layer_type::with_bias, conv1d<4, 3>>);
  CHECK(report<net>.parameters == 4 * 3 * 2);
  CHECK(sizeof(parameters<net, float>) == 4 * 3 * 2 * sizeof(float));
}
