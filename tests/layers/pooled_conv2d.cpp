#include <mote/core/passes.hpp>
#include <mote/core/report.hpp>
#include <mote/layers/conv2d.hpp>
#include <mote/layers/frozen.hpp>
#include <mote/layers/leaky_relu.hpp>
#include <mote/layers/linear.hpp>
#include <mote/layers/pooled_conv2d.hpp>
#include <mote/layers/pooling.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/relu6.hpp>
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

/// The widths of registers are compared in kernels/pooled_conv2d.
template <class F>
void for_both(F f) {
  f(isa::generic{});
  f(isa::native{});
}

template <class A, class B>
bool all_close(const A& a, const B& b, double tolerance) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](double x, double y) { return support::close(x, y, tolerance); });
}

/// Forward and backward, in double, a network of the one layer `Pooled` gives what `Layers` do.
template <class Pooled, class Input, class... Layers>
void check_against() {
  using written = network<Input, Layers...>;
  using run = network<Input, Pooled>;
  STATIC_REQUIRE(run::output == written::output);
  CHECK(report<run>.parameters == report<written>.parameters);
  CHECK(report<run>.macs <= report<written>.macs);

  constexpr std::size_t rows = 3;
  const auto apart = std::make_unique<support::subject<written, double, rows>>();
  const auto in_one = std::make_unique<support::subject<run, double, rows>>();
  support::noise random;
  random.fill(apart->weights);
  get<0>(in_one->weights) = get<0>(apart->weights);
  typename support::subject<written, double, rows>::input x;
  typename support::subject<written, double, rows>::output dy;
  random.fill(std::span<double>{x});
  random.fill(std::span<double>{dy});
  const auto y = apart->template forward<isa::generic>(x);
  const auto dx = apart->template backward<isa::generic>(dy);
  const auto& slopes = get<0>(apart->slopes);
  for_both([&]<class Isa>(Isa) {
    CAPTURE(Isa::name);
    const double tolerance = std::is_same_v<Isa, isa::generic> ? 0.0 : 1e-13;
    CHECK(all_close(in_one->template forward<Isa>(x), y, tolerance));
    CHECK(all_close(in_one->template backward<Isa>(dy), dx, 1e-12));
    const auto& found = get<0>(in_one->slopes);
    CHECK(all_close(found.weights.values, slopes.weights.values, 1e-12));
    if constexpr (!is_none<decltype(slopes.bias)>) {
      CHECK(all_close(found.bias.values, slopes.bias.values, 1e-12));
    }
    // Inference gives the same without a choice to remember.
    const auto memory = std::make_unique<workspace<run, double, rows>>();
    std::copy(x.begin(), x.end(), memory->input().data);
    CHECK(all_close(mote::forward<Isa>(in_one->weights, *memory).elements(), y, tolerance));
  });
}

template <class Input, class Convolution, class Activation, std::size_t Size = 2>
void check() {
  CAPTURE(Input::value.height, Input::value.width, Input::value.channels, Activation::name, Size);
  using pool = max_pool2d<Size>;
  using pooled = pooled_conv2d<Convolution, Activation, pool>;
  check_against<pooled, Input, Convolution, Activation, pool>();
  check_against<pooled, Input, Convolution, pool, Activation>();
}

template <std::size_t Filters, std::size_t Kernel, padding Padding = padding::valid>
using unbiased = conv2d<Filters, Kernel, 1, Padding, 1, initializers::automatic, bias::none>;

template <class Activation, std::size_t Height, std::size_t Width, std::size_t Channels,
          std::size_t Filters, std::size_t Kernel, padding Padding = padding::valid>
using pooled =
    network<input<Height, Width, Channels>,
            pooled_conv2d<conv2d<Filters, Kernel, 1, Padding>, Activation, max_pool2d<2>>>;

} // namespace

TEST_CASE("pooled_conv2d does what conv2d, an activation and max_pool2d do one after the other",
          "[layers][pooled_conv2d]") {
  using enum padding;
  check<input<2, 2, 1>, conv2d<1, 1>, linear>();
  check<input<6, 6, 1>, conv2d<6, 5>, relu>(); // one window
  check<input<12, 12, 6>, conv2d<16, 5>, relu>();
  check<input<11, 12, 1>, conv2d<6, 5>, relu>();         // a row left over
  check<input<12, 11, 1>, conv2d<17, 5>, relu>();        // a column
  check<input<9, 7, 3>, conv2d<5, 3>, leaky_relu<>>();   // both
  check<input<5, 6, 2>, conv2d<4, 3, 1, same>, relu6>(); // padded
  check<input<5, 5, 3>, conv2d<33, 4, 1, same>, relu>(); // more below and right
  check<input<3, 2, 2>, conv2d<3, 5, 1, same>, relu>();  // larger than the image
  check<input<7, 9, 8>, conv2d<8, 1>, linear>();         // pointwise
  check<input<6, 70, 2>, conv2d<3, 3>, relu>();          // wide
  check<input<8, 7, 3>, conv2d<5, 2>, relu, 3>();        // larger windows of the pool
  check<input<7, 8, 2>, unbiased<7, 3>, relu>();         // no bias
  check<input<7, 8, 2>, unbiased<7, 3, same>, leaky_relu<1, 4>>();
}

TEST_CASE("pooled_conv2d: of equal outputs the first is chosen", "[layers][pooled_conv2d]") {
  using net = pooled<relu, 3, 5, 1, 2, 2>;
  for_both([](auto machine) {
    CAPTURE(machine.name);
    using Isa = decltype(machine);
    support::subject<net, float> all{};
    get<0>(all.weights).weights.values.fill(1.0f);
    std::array<float, 15> x;
    x.fill(1.0f);
    CHECK(all.forward<Isa>(x) == std::array{4.0f, 4.0f, 4.0f, 4.0f});
    const auto slopes = all.backward<Isa>({1.0f, 0.0f, 0.0f, 10.0f});
    CHECK(slopes == std::array<float, 15>{1, 1, 10, 10, 0, 1, 1, 10, 10});
  });
}

TEST_CASE("pooled_conv2d: gradients agree with differences", "[layers][pooled_conv2d]") {
  for_both([](auto machine) {
    CAPTURE(machine.name);
    using Isa = decltype(machine);
    const auto check_network = []<class Net>(Net) {
      const auto worst = support::check_network<Net, 2, Isa>();
      CAPTURE(worst.layer, worst.tensor, worst.element, worst.analytic, worst.numeric);
      CHECK(worst.relative_error < 1e-6);
    };
    check_network(pooled<identity, 7, 6, 3, 4, 3>{});
    check_network(pooled<leaky_relu<>, 6, 7, 2, 5, 2, padding::same>{});
    check_network(pooled<relu, 8, 9, 1, 6, 5>{});
  });
}

TEST_CASE("pooled_conv2d: float gives what double does", "[layers][pooled_conv2d]") {
  for_both([](auto machine) {
    CAPTURE(machine.name);
    using Isa = decltype(machine);
    CHECK(support::is_as_in_double<pooled<relu, 13, 12, 3, 17, 3>, 3, Isa>(1e-4));
    CHECK(support::is_as_in_double<pooled<relu, 12, 13, 1, 6, 5, padding::same>, 3, Isa>(1e-4));
  });
}

TEST_CASE("pooled_conv2d: a frozen convolution stays frozen", "[layers][pooled_conv2d]") {
  using net = network<input<6, 6, 1>, frozen<conv2d<2, 3>>, relu, max_pool2d<2>, conv2d<1, 1>>;
  using run = training_network<net>;
  STATIC_REQUIRE(run::size == 2);
  STATIC_REQUIRE(run::layer<0>::is_frozen);
  // Nobody wants the gradient of what it gives.
  CHECK(workspace<run, float, 1, training>::plan.has_gradient == std::array{false, false, true});
}

TEST_CASE("pooled_conv2d: reports count what is computed and kept", "[layers][pooled_conv2d]") {
  using net = network<input<8, 9, 2>, conv2d<4, 3>, relu, max_pool2d<2>>;
  constexpr auto costs = report<inference_network<net>>;
  REQUIRE(costs.layers.size() == 1);
  CHECK(std::string_view(costs.layers[0].name) == "pooled_conv2d");
  CHECK(costs.layers[0].output == shape{3, 3, 4});
  CHECK(costs.parameters == 4 * (18 + 1));
  // Six by six outputs in windows, of six by seven that the convolution by itself has.
  CHECK(costs.macs == 6 * 6 * 4 * 18);
  CHECK(report<net>.macs == 6 * 7 * 4 * 18);
  CHECK(costs.ram_bytes == 4 * (8 * 9 * 2 + 3 * 3 * 4));

  using lenet = training_network<models::lenet>;
  CHECK(report<lenet>.macs == report<models::lenet>.macs);
  CHECK(report<lenet>.parameters == report<models::lenet>.parameters);
  constexpr auto trained_in = report<models::lenet, float, 32, training>.ram_bytes;
  CHECK(trained_in == sizeof(workspace<lenet, float, 32, training>));
  CHECK(2 * trained_in < sizeof(workspace<models::lenet, float, 32, training>));
}

namespace {

/// The output, and the sum of all gradients, for inputs 1, 2, ... 9 and weights 1, -1, 1, 1.
constexpr std::array<float, 2> in_the_compiler() {
  using net = pooled<relu, 3, 3, 1, 1, 2>;
  parameters<net, float> weights{};
  get<0>(weights) = {{{1, -1, 1, 1}}, {{0.5f}}};
  gradients<net, float> slopes{};
  workspace<net, float, 1, training_with_input_gradient> memory{};
  for (std::size_t i = 0; i < 9; ++i) {
    memory.input().data[i] = static_cast<float>(i + 1);
  }
  random_source none_drawn{1};
  const float y = train_forward<isa::native>(weights, memory, none_drawn)[0][0];
  memory.output_gradient()[0][0] = 1.0f;
  backward<isa::native>(weights, memory, slopes);
  float sum = get<0>(slopes).bias[0];
  for (const float slope : get<0>(slopes).weights.values) {
    sum += slope;
  }
  for (const float slope : memory.input_gradient().elements()) {
    sum += slope;
  }
  return {y, sum};
}

} // namespace

// The last window is the largest: 5 - 6 + 8 + 9 + 0.5. Gradients: 1, 5 + 6 + 8 + 9 and 2.
static_assert(in_the_compiler() == std::array{16.5f, 31.0f});
