#include <mote/core/passes.hpp>
#include <mote/layers/concatenate.hpp>
#include <mote/layers/conv2d.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/frozen.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/residual.hpp>
#include <mote/layers/sigmoid.hpp>
#include <mote/layers/tanh.hpp>

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

using vectors = network<input<4>, dense<3>,
                        concatenate<dense<2>, branch<mote::tanh, dense<1>>, branch<>>, dense<2>>;
using images = network<input<3, 5, 2>,
                       concatenate<conv2d<3, 1>,
                                   branch<conv2d<1, 3, 1, padding::same>, mote::tanh,
                                          residual<conv2d<1, 3, 1, padding::same>>>,
                                   concatenate<branch<>, branch<mote::tanh>>>,
                       flatten, dense<2>>;

} // namespace

TEST_CASE("concatenate: is written out into the list of the network", "[layers][concatenate]") {
  static_assert(vectors::size == 6);
  static_assert(std::is_same_v<vectors::sources<1>, values<1>>);
  static_assert(std::is_same_v<vectors::layer<2>, mote::tanh>);
  static_assert(std::is_same_v<vectors::sources<2>, values<1>>);
  static_assert(std::is_same_v<vectors::layer<4>, concatenation>);
  static_assert(std::is_same_v<vectors::sources<4>, values<2, 4, 1>>);
  CHECK(vectors::shapes[5] == shape{2 + 1 + 3});
  CHECK(images::shapes[7] == shape{3, 5, 4});
  CHECK(images::shapes[8] == shape{3, 5, 3 + 1 + 4});
  CHECK(network<input<5, 2>, concatenate<branch<>, branch<>>>::output == shape{5, 4});
}

TEST_CASE("concatenate: puts channels side by side at each position", "[layers][concatenate]") {
  using net = network<input<2, 1, 2>, concatenate<branch<>, branch<relu>>>;
  support::subject<net, float, 2> all;
  const std::array<float, 8> x{1, -2, 3, -4, -5, 6, -7, 8};
  CHECK(all.forward<isa::generic>(x) == std::array<float, 16>{1, -2, 1, 0, 3, -4, 3, 0, //
                                                              -5, 6, 0, 6, -7, 8, 0, 8});
  const std::array<float, 16> slopes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  CHECK(all.backward<isa::generic>(slopes) ==
        std::array<float, 8>{1 + 3, 2, 5 + 7, 6, 9, 10 + 12, 13, 14 + 16});
}

TEST_CASE("concatenate: gradients against differences", "[layers][concatenate]") {
  CHECK(support::check_network<vectors, 3>().relative_error < 1e-6);
  CHECK(support::check_network<images, 2>().relative_error < 1e-6);
  using one_learns = network<input<3>, concatenate<frozen<dense<2>>, dense<3>>, sigmoid, dense<2>>;
  CHECK(support::check_network<one_learns, 2>().relative_error < 1e-6);
  using views = network<input<2, 2, 1>, mote::tanh,
                        concatenate<flatten, branch<flatten, dense<3>, mote::tanh>>>;
  CHECK(support::check_network<views, 2>().relative_error < 1e-6);
}

TEST_CASE("concatenate: the same in float and double, on every instruction set",
          "[layers][concatenate]") {
  support::for_each_isa([]<class Isa>(Isa) {
    INFO(Isa::name);
    CHECK(support::is_as_in_double<images, 2, Isa>(1e-4));
  });
}

TEST_CASE("concatenate: runs inside the compiler", "[layers][concatenate]") {
  constexpr auto result = [] {
    using net = network<input<2>, concatenate<dense<1>, branch<>>>;
    parameters<net> weights{};
    get<0>(weights) = {{2.0f, 3.0f}, {1.0f}};
    workspace<net, float, 2> memory{};
    const std::array<float, 4> x{1.0f, 2.0f, 3.0f, 4.0f};
    std::copy(x.begin(), x.end(), memory.input().data);
    const auto y = forward(weights, memory);
    std::array<float, 6> copy{};
    std::copy_n(y.data, 6, copy.begin());
    return copy;
  }();
  static_assert(result == std::array<float, 6>{9.0f, 1.0f, 2.0f, 19.0f, 3.0f, 4.0f});
  SUCCEED();
}

TEST_CASE("concatenate: inference rewrites its branches", "[layers][concatenate]") {
  using net =
      network<input<4>, dense<3>,
              concatenate<branch<relu, dropout<10>>, branch<dropout<20>, dense<2>, relu>>, relu>;
  using rewritten = inference_network<net>;
  // Two read what the first dense gives, so no activation may be fused into it.
  static_assert(std::is_same_v<rewritten::layer<0>, dense<3>>);
  static_assert(std::is_same_v<rewritten::layer<1>, relu>);
  static_assert(std::is_same_v<rewritten::layer<2>, fused<dense<2>, relu>>);
  static_assert(std::is_same_v<rewritten::sources<2>, values<1>>);
  static_assert(std::is_same_v<rewritten::layer<3>, concatenation>);
  static_assert(std::is_same_v<rewritten::sources<3>, values<2, 3>>);
  CHECK(rewritten::size == 5);
}
