#include <mote/core/passes.hpp>
#include <mote/layers/batch_norm.hpp>
#include <mote/layers/conv2d.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/frozen.hpp>
#include <mote/layers/pooling.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/residual.hpp>
#include <mote/layers/sigmoid.hpp>
#include <mote/layers/softmax.hpp>
#include <mote/layers/tanh.hpp>
#include <mote/training/initialize.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

template <std::size_t... Values>
using values = std::index_sequence<Values...>;

template <std::size_t Filters, std::size_t Stride = 1>
using same_conv = conv2d<Filters, 3, Stride, padding::same>;

using plain = network<input<5>, residual<dense<4>, mote::tanh, dense<5>>, dense<2>>;
using projected =
    network<input<5>, residual<dense<4>, mote::tanh, dense<3>, projection<dense<3>>>, dense<2>>;
using nested =
    network<input<4>, residual<residual<dense<4>, mote::tanh>, residual<mote::tanh>, dense<4>>,
            residual<sigmoid, dense<4>>>;
using image_net =
    network<input<5, 7, 2>, same_conv<2>, mote::tanh,
            residual<same_conv<2>, batch_norm, mote::tanh, same_conv<2>, batch_norm>, mote::tanh,
            residual<same_conv<3, 2>, mote::tanh, same_conv<3>, projection<conv2d<3, 1, 2>>>,
            global_avg_pool, flatten, dense<2>>;

} // namespace

TEST_CASE("residual: is written out into the list of the network", "[layers][residual]") {
  static_assert(plain::size == 5);
  static_assert(std::is_same_v<plain::layer<0>, dense<4>>);
  static_assert(std::is_same_v<plain::layer<3>, add>);
  static_assert(std::is_same_v<plain::sources<2>, values<2>>);
  static_assert(std::is_same_v<plain::sources<3>, values<3, 0>>);
  static_assert(std::is_same_v<plain::sources<4>, values<4>>);
  CHECK(plain::shapes ==
        std::array<shape, 6>{shape{5}, shape{4}, shape{4}, shape{5}, shape{5}, shape{2}});

  static_assert(std::is_same_v<projected::layer<3>, dense<3>>); // the projection
  static_assert(std::is_same_v<projected::sources<3>, values<0>>);
  static_assert(std::is_same_v<projected::sources<4>, values<3, 4>>);
  CHECK(projected::inputs[3] == shape{5});

  static_assert(nested::size == 10);
  static_assert(std::is_same_v<nested::sources<2>, values<2, 0>>);
  static_assert(std::is_same_v<nested::sources<4>, values<4, 3>>);
  static_assert(std::is_same_v<nested::sources<6>, values<6, 0>>);
  static_assert(std::is_same_v<nested::sources<9>, values<9, 7>>);
}

TEST_CASE("residual: adds what its layers give to what they were given", "[layers][residual]") {
  support::for_each_isa([]<class Isa>(Isa) {
    INFO(Isa::name);
    support::subject<plain, float, 3> all;
    support::noise random;
    random.fill(all.weights);
    decltype(all)::input x{};
    random.fill(std::span<float>{x});

    // The same by hand, from the parts.
    using inner = network<input<5>, dense<4>, mote::tanh, dense<5>>;
    support::subject<inner, float, 3> body;
    get<0>(body.weights) = get<0>(all.weights);
    get<2>(body.weights) = get<2>(all.weights);
    auto sum = body.template forward<Isa>(x);
    std::transform(sum.begin(), sum.end(), x.begin(), sum.begin(),
                   [](float a, float b) { return a + b; });
    support::subject<network<input<5>, dense<2>>, float, 3> last;
    get<0>(last.weights) = get<4>(all.weights);
    CHECK(all.template forward<Isa>(x) == last.template forward<Isa>(sum));
  });
}

TEST_CASE("residual: a projection brings the input to the shape", "[layers][residual]") {
  support::subject<network<input<2>, residual<dense<1>, projection<dense<1>>>>, float, 2> all;
  get<0>(all.weights) = {{2.0f, 3.0f}, {0.5f}};
  get<1>(all.weights) = {{10.0f, 20.0f}, {0.25f}};
  CHECK(all.forward<isa::generic>({1.0f, 2.0f, -1.0f, 0.0f}) ==
        std::array<float, 2>{8.5f + 50.25f, -1.5f - 9.75f});
  // Each way gets the whole slope, so that of the input is the sum over both.
  CHECK(all.backward<isa::generic>({1.0f, -1.0f}) ==
        std::array<float, 4>{12.0f, 23.0f, -12.0f, -23.0f});
  CHECK(get<0>(all.slopes).weights.values == std::array<float, 2>{2.0f, 2.0f});
  CHECK(get<1>(all.slopes).weights.values == std::array<float, 2>{2.0f, 2.0f});
  CHECK(get<1>(all.slopes).bias.values == std::array<float, 1>{0.0f});
}

TEST_CASE("residual: gradients against differences", "[layers][residual]") {
  CHECK(support::check_network<plain, 3>().relative_error < 1e-6);
  CHECK(support::check_network<projected, 3>().relative_error < 1e-6);
  CHECK(support::check_network<nested, 2>().relative_error < 1e-6);
  CHECK(support::check_network<image_net, 3>().relative_error < 1e-6);
  using ends_in_views =
      network<input<2, 2, 1>, residual<mote::tanh>, flatten, residual<dense<4>, sigmoid>>;
  CHECK(support::check_network<ends_in_views, 1>().relative_error < 1e-6);
  using starts_frozen = network<input<3>, frozen<residual<dense<3>, mote::tanh>>,
                                residual<frozen<dense<3>>, mote::tanh, dense<3>>>;
  CHECK(support::check_network<starts_frozen, 2>().relative_error < 1e-6);
}

TEST_CASE("residual: float against double", "[layers][residual]") {
  support::for_each_isa([]<class Isa>(Isa) {
    INFO(Isa::name);
    CHECK(support::is_as_in_double<image_net, 2, Isa>(1e-4));
  });
}

TEST_CASE("residual: runs inside the compiler", "[layers][residual]") {
  constexpr auto gradient = [] {
    using net = network<input<2>, residual<dense<2>>>;
    parameters<net> weights{};
    get<0>(weights) = {{1.0f, 2.0f, 3.0f, 4.0f}, {0.0f, 1.0f}};
    workspace<net, float, 1, training_with_input_gradient> memory{};
    memory.input()[0][0] = 1.0f;
    memory.input()[0][1] = -1.0f;
    random_source random{1};
    const auto y = train_forward(weights, memory, random);
    const std::array<float, 2> result{y[0][0], y[0][1]};
    gradients<net> slopes{};
    memory.output_gradient()[0][0] = 1.0f;
    memory.output_gradient()[0][1] = 10.0f;
    backward(weights, memory, slopes);
    return std::pair{result,
                     std::array{memory.input_gradient()[0][0], memory.input_gradient()[0][1]}};
  }();
  static_assert(gradient.first == std::array{0.0f, -1.0f});
  static_assert(gradient.second == std::array{32.0f, 52.0f});
  SUCCEED();
}

TEST_CASE("residual: inference rewrites inside and around it", "[layers][residual]") {
  using written = network<
      input<5, 7, 2>, same_conv<2>, relu, dropout<10>,
      residual<dropout<10>, same_conv<2>, batch_norm, relu, dropout<10>, same_conv<2>, batch_norm>,
      relu, residual<relu, same_conv<2>>, global_avg_pool>;
  using rewritten = inference_network<written>;
  static_assert(rewritten::size == 8);
  static_assert(std::is_same_v<rewritten::layer<0>, fused<same_conv<2>, relu>>);
  static_assert(std::is_same_v<rewritten::sources<1>, values<1>>);
  static_assert(std::is_same_v<rewritten::layer<3>, fused<add, relu>>);
  static_assert(std::is_same_v<rewritten::sources<3>, values<3, 1>>);
  // Its input is needed for the sum, so this relu stays by itself.
  static_assert(std::is_same_v<rewritten::layer<4>, relu>);
  static_assert(std::is_same_v<inference_network<rewritten>, rewritten>);

  static_assert(sizeof(workspace<rewritten>) <= sizeof(workspace<written>));
  CHECK(support::folds_into_the_same<written, isa::generic>(1e-12));
}

TEST_CASE("residual: initial weights are chosen by what reads the layer", "[layers][residual]") {
  using net = network<input<6>, residual<dense<6>, projection<dense<6>>>, relu, dense<2>>;
  static_assert(std::is_same_v<decltype(detail::initializer_of<net, 0>()), initializers::he>);
  static_assert(std::is_same_v<decltype(detail::initializer_of<net, 1>()), initializers::he>);
  static_assert(std::is_same_v<decltype(detail::initializer_of<net, 3>()), initializers::glorot>);
  // The relu is the next in the list, but reads something else.
  using skipped = network<input<6>, residual<dense<6>, projection<relu>>, softmax>;
  static_assert(
      std::is_same_v<decltype(detail::initializer_of<skipped, 0>()), initializers::glorot>);
  SUCCEED();
}
