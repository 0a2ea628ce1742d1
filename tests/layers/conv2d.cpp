#include <mote/core/passes.hpp>
#include <mote/core/report.hpp>
#include <mote/layers/batch_norm.hpp>
#include <mote/layers/conv2d.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/relu.hpp>
#include <mote/models/lenet.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include "../catch.hpp"
#include "../support.hpp"

using namespace mote;

namespace {

/// A convolution as its definition says: a sum over the padded image, with every index spelled out
/// and a test for each tap. Weights [filter][ky][kx][channel of the group].
template <std::size_t Height, std::size_t Width, std::size_t Channels, std::size_t Filters,
          std::size_t Kernel, std::size_t Stride, std::size_t Groups>
double by_definition(const double* x, const double* w, double bias, long top, long left,
                     std::size_t row, std::size_t column, std::size_t filter) {
  constexpr std::size_t channels = Channels / Groups;
  double sum = bias;
  for (std::size_t i = 0; i < Kernel; ++i) {
    for (std::size_t j = 0; j < Kernel; ++j) {
      for (std::size_t c = 0; c < channels; ++c) {
        const long y = static_cast<long>(row * Stride + i) - top;
        const long z = static_cast<long>(column * Stride + j) - left;
        if (y >= 0 && y < static_cast<long>(Height) && z >= 0 && z < static_cast<long>(Width)) {
          const std::size_t channel = filter / (Filters / Groups) * channels + c;
          sum += x[(static_cast<std::size_t>(y) * Width + static_cast<std::size_t>(z)) * Channels +
                   channel] *
                 w[((filter * Kernel + i) * Kernel + j) * channels + c];
        }
      }
    }
  }
  return sum;
}

template <std::size_t Height, std::size_t Width, std::size_t Channels, std::size_t Filters,
          std::size_t Kernel, std::size_t Stride, padding Padding, std::size_t Groups>
void check() {
  CAPTURE(Height, Width, Channels, Filters, Kernel, Stride, Padding == padding::same, Groups);
  using layer_type = conv2d<Filters, Kernel, Stride, Padding, Groups>;
  using net = network<input<Height, Width, Channels>, layer_type>;
  constexpr shape out = net::output;
  constexpr window on = layer_type::window_on(net::input);
  CHECK(out == shape{on.output_height, on.output_width, Filters});
  CHECK(report<net>.macs == on.positions() * Filters * Kernel * Kernel * Channels / Groups);
  CHECK(report<net>.parameters == Filters * (Kernel * Kernel * Channels / Groups + 1));

  support::subject<net, double, 2> all;
  support::noise random;
  random.fill(all.weights);
  std::array<double, 2 * net::input.size()> x;
  random.fill(std::span<double>{x});
  const auto y = all.template forward<isa::generic>(x);
  const auto& p = get<0>(all.weights);
  for (std::size_t image = 0; image < 2; ++image) {
    for (std::size_t at = 0; at < on.positions(); ++at) {
      for (std::size_t f = 0; f < Filters; ++f) {
        const double expected =
            by_definition<Height, Width, Channels, Filters, Kernel, Stride, Groups>(
                x.data() + image * net::input.size(), p.weights.data(), p.bias[f],
                static_cast<long>(on.pad_top), static_cast<long>(on.pad_left), at / out.width,
                at % out.width, f);
        CHECK(support::close(y[image * out.size() + at * Filters + f], expected, 1e-12));
      }
    }
  }

  // Quadratic in everything, so central differences are exact but for rounding.
  const auto worst = support::check_network<net, 2>();
  CAPTURE(worst.layer, worst.tensor, worst.element, worst.analytic, worst.numeric);
  CHECK(worst.relative_error < 1e-6);
}

} // namespace

TEST_CASE("conv2d is the sum it is defined as, and so are its gradients", "[layers][conv2d]") {
  using enum padding;
  check<1, 1, 1, 1, 1, 1, valid, 1>();
  check<5, 4, 1, 3, 3, 1, valid, 1>();
  check<5, 4, 3, 2, 3, 1, same, 1>();  // odd kernel: as much before as after
  check<4, 5, 2, 3, 2, 1, same, 1>();  // even kernel: one more at the end
  check<7, 6, 3, 4, 3, 2, same, 1>();  // stride with a remainder
  check<3, 3, 7, 2, 3, 1, valid, 1>(); // kernel as large as the image
  check<6, 7, 2, 2, 2, 3, valid, 1>(); // stride larger than the kernel
  check<3, 2, 1, 2, 5, 1, same, 1>();  // kernel larger than the image
  check<4, 4, 8, 4, 1, 1, valid, 1>(); // pointwise
  check<4, 4, 4, 6, 3, 1, same, 2>();  // two groups
  check<4, 3, 16, 16, 3, 2, same, 16>();
}

TEST_CASE("depthwise_conv2d is conv2d with a group per channel", "[layers][conv2d]") {
  using narrow = network<input<5, 4, 3>, depthwise_conv2d<3, 2, padding::same, 2>>;
  using wide = network<input<5, 4, 3>, conv2d<6, 3, 2, padding::same, 3>>;
  STATIC_REQUIRE(narrow::output == wide::output);
  CHECK(report<narrow>.parameters == 6 * (9 + 1));
  CHECK(report<narrow>.macs == 3 * 2 * 6 * 9);
  support::subject<narrow, float, 1> a;
  support::subject<wide, float, 1> b;
  support::noise random;
  random.fill(a.weights);
  get<0>(b.weights).weights.values = get<0>(a.weights).weights.values;
  get<0>(b.weights).bias.values = get<0>(a.weights).bias.values;
  std::array<float, 60> x;
  random.fill(std::span<float>{x});
  CHECK(a.template forward<isa::generic>(x) == b.template forward<isa::generic>(x));
  CHECK(support::check_network<narrow, 2>().relative_error < 1e-6);
}

TEST_CASE("fans count what one output sums and what one input feeds", "[layers][conv2d]") {
  using items = conv2d<8, 3, 1, padding::valid, 2>::parameters<shape{6, 6, 4}, float>;
  CHECK(items::fan_in == 3 * 3 * 2);
  CHECK(items::fan_out == 3 * 3 * 4);
}

TEST_CASE("gradients of the fast kernels", "[layers][conv2d]") {
  support::for_each_isa([](auto machine) {
    CAPTURE(machine.name);
    using Isa = decltype(machine);
    using wide = network<input<5, 7, 3>, conv2d<17, 3, 2, padding::same>>;
    CHECK(support::check_network<wide, 2, Isa>().relative_error < 1e-6);
    using separable = network<input<5, 4, 5>, depthwise_conv2d<3, 1, padding::same>, conv2d<3, 1>>;
    CHECK(support::check_network<separable, 2, Isa>().relative_error < 1e-6);
    using unbiased =
        network<input<6, 5, 1>,
                conv2d<3, 3, 1, padding::valid, 1, initializers::automatic, bias::none>,
                depthwise_conv2d<2, 1, padding::valid, 2, initializers::automatic, bias::none>>;
    CHECK(support::check_network<unbiased, 2, Isa>().relative_error < 1e-6);
  });
}

TEST_CASE("without a bias it is as if that were zero", "[layers][conv2d]") {
  using plain = network<input<5, 4, 3>,
                        conv2d<2, 3, 1, padding::same, 1, initializers::automatic, bias::none>>;
  using biased = network<input<5, 4, 3>, conv2d<2, 3, 1, padding::same>>;
  CHECK(report<plain>.parameters == 2 * 27);
  CHECK(sizeof(parameters<plain, float>) == 2 * 27 * sizeof(float));
  support::for_each_isa([](auto machine) {
    CAPTURE(machine.name);
    support::subject<plain, float, 2> a;
    support::subject<biased, float, 2> b;
    support::noise random;
    random.fill(a.weights);
    get<0>(b.weights).weights.values = get<0>(a.weights).weights.values;
    std::array<float, 120> x;
    random.fill(std::span<float>{x});
    CHECK(a.template forward<decltype(machine)>(x) == b.template forward<decltype(machine)>(x));
    std::array<float, 80> slopes;
    random.fill(std::span<float>{slopes});
    CHECK(a.template backward<decltype(machine)>(slopes) ==
          b.template backward<decltype(machine)>(slopes));
    CHECK(get<0>(a.slopes).weights.values == get<0>(b.slopes).weights.values);
  });
}

TEST_CASE("batch_norm folds into convolutions without a bias, which get one", "[layers][conv2d]") {
  using net =
      network<input<6, 6, 2>, conv2d<4, 3, 1, padding::valid, 1, initializers::he, bias::none>,
              batch_norm, relu,
              depthwise_conv2d<3, 1, padding::same, 1, initializers::he, bias::none>, batch_norm>;
  using folded = inference_network<net>;
  STATIC_REQUIRE(
      std::is_same_v<
          folded,
          network<input<6, 6, 2>, fused<conv2d<4, 3, 1, padding::valid, 1, initializers::he>, relu>,
                  depthwise_conv2d<3, 1, padding::same, 1, initializers::he>>>);
  CHECK(support::folds_into_the_same<net, isa::native>(1e-12));
}

TEST_CASE("LeNet is as large as it says", "[layers][conv2d]") {
  STATIC_REQUIRE(models::lenet::output == shape{10});
  STATIC_REQUIRE(report<models::lenet>.parameters == 44'426);
  STATIC_REQUIRE(report<models::lenet>.macs == 281'640);
}

namespace {

/// The sum of the outputs for inputs and weights 1, 2, 3, ...
constexpr float sum_in_the_compiler() {
  using net = network<input<3, 3, 1>, conv2d<1, 2>>;
  parameters<net, float> weights{};
  get<0>(weights) = {{{1, 2, 3, 4}}, {{5}}};
  workspace<net, float> memory{};
  for (std::size_t i = 0; i < 9; ++i) {
    memory.input().data[i] = static_cast<float>(i + 1);
  }
  float sum = 0.0f;
  for (const float y : forward<isa::native>(weights, memory).elements()) {
    sum += y;
  }
  return sum;
}

} // namespace

// 37 + 47 + 67 + 77 and four times the bias.
static_assert(sum_in_the_compiler() == 248.0f);
