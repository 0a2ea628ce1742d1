#include <mote/core/packed.hpp>
#include <mote/core/passes.hpp>
#include <mote/core/report.hpp>
#include <mote/core/run.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/frozen.hpp>
#include <mote/layers/packed_dense.hpp>
#include <mote/layers/penalized.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/residual.hpp>
#include <mote/layers/tanh.hpp>
#include <mote/models/lenet.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"

using namespace mote;

namespace {

template <std::size_t Units>
using unbiased = dense<Units, initializers::automatic, bias::none>;

/// packed<Net> gives what Net does, for full batches and for shorter ones.
template <class Net, class T, std::size_t Rows>
void check_computes_the_same(double tolerance) {
  struct all {
    parameters<Net, T> weights;
    parameters<packed<Net>, T> packed_weights;
    workspace<Net, T, Rows> memory;
    workspace<packed<Net>, T, Rows> packed_memory;
    std::array<T, Rows * Net::input.size()> inputs;
  };
  const auto own = std::make_unique<all>();
  support::noise random;
  random.fill(own->weights);
  random.fill(std::span<T>{own->inputs});
  to_packed(own->weights, own->packed_weights);
  const auto check = [&]<class Isa>(Isa, std::size_t rows) {
    CAPTURE(Isa::name, rows);
    std::copy(own->inputs.begin(), own->inputs.end(), own->memory.input().data);
    std::copy(own->inputs.begin(), own->inputs.end(), own->packed_memory.input().data);
    const auto expected = forward<isa::generic>(own->weights, own->memory, rows).elements();
    const auto found = forward<Isa>(own->packed_weights, own->packed_memory, rows).elements();
    CHECK(std::ranges::equal(found, expected, [&](T a, T b) {
      return support::close(static_cast<double>(a), static_cast<double>(b), tolerance);
    }));
  };
  for (const std::size_t rows : {Rows, std::size_t{1}, Rows - 1}) {
    check(isa::generic{}, rows);
    check(isa::native{}, rows);
  }
  // What a sample gives does not depend on the batch that it is in.
  const auto of_first = [&](std::size_t rows) {
    std::copy(own->inputs.begin(), own->inputs.end(), own->packed_memory.input().data);
    const auto outputs = forward(own->packed_weights, own->packed_memory, rows)[0];
    return std::vector<T>(outputs.begin(), outputs.end());
  };
  CHECK(of_first(1) == of_first(Rows));
}

} // namespace

TEST_CASE("packed: dense layers stand in another order", "[layers][packed_dense]") {
  using net = network<input<3>, dense<20>, relu, unbiased<5>, mote::tanh, dense<2>>;
  using run = packed<inference_network<net>>;
  STATIC_REQUIRE(
      std::is_same_v<run,
                     network<input<3>, fused<packed_dense<20>, relu>,
                             fused<packed_dense<5, bias::none>, mote::tanh>, packed_dense<2>>>);
  CHECK(std::string_view(report<run>.layers[0].name) == "packed_dense");
  CHECK(report<run>.parameters == report<net>.parameters);
  CHECK(report<run>.macs == report<net>.macs);
  CHECK(sizeof(workspace<run>) == sizeof(workspace<inference_network<net>>));
}

TEST_CASE("packed: other layers and what they take stay", "[layers][packed_dense]") {
  using net = network<input<4>, residual<dense<4>, relu>, dense<2>>;
  using run = packed<net>;
  STATIC_REQUIRE(run::size == net::size);
  STATIC_REQUIRE(std::is_same_v<run::layer<2>, net::layer<2>>);
  STATIC_REQUIRE(std::is_same_v<run::sources<2>, net::sources<2>>);
  check_computes_the_same<net, float, 9>(1e-5);
}

TEST_CASE("packed: what only training knows is forgotten", "[layers][packed_dense]") {
  using net = network<input<4>, frozen<dense<20>>, relu, penalized<dense<2>, l2<1, 100>>>;
  using run = packed<inference_network<net>>;
  STATIC_REQUIRE(
      std::is_same_v<run, network<input<4>, fused<packed_dense<20>, relu>, packed_dense<2>>>);
  check_computes_the_same<inference_network<net>, float, 13>(1e-5);
}

TEST_CASE("packed: it computes the same", "[layers][packed_dense]") {
  check_computes_the_same<network<input<17>, dense<100>, relu, dense<10>>, float, 14>(1e-4);
  check_computes_the_same<network<input<21>, unbiased<120>, mote::tanh, unbiased<84>>, float, 30>(
      1e-4);
  check_computes_the_same<network<input<9>, dense<1>>, float, 3>(1e-5);
  check_computes_the_same<network<input<30>, dense<45>, relu, dense<7>>, double, 14>(1e-12);
  check_computes_the_same<inference_network<models::lenet>, double, 7>(1e-9);
}

namespace {

constexpr std::array<float, 2> in_the_compiler() {
  using net = network<input<3>, dense<20>, relu, dense<2>>;
  parameters<net> weights{};
  for (std::size_t i = 0; i < 60; ++i) {
    get<0>(weights).weights[i] = static_cast<float>(i % 7) - 3.0f;
  }
  for (std::size_t i = 0; i < 40; ++i) {
    get<2>(weights).weights[i] = static_cast<float>(i % 5) - 2.0f;
  }
  parameters<packed<net>> packed_weights{};
  to_packed(weights, packed_weights);
  workspace<net> memory{};
  workspace<packed<net>> packed_memory{};
  for (std::size_t i = 0; i < 3; ++i) {
    memory.input().data[i] = packed_memory.input().data[i] = static_cast<float>(i + 1);
  }
  const auto expected = forward<isa::native>(weights, memory);
  const auto found = forward<isa::native>(packed_weights, packed_memory);
  return {found[0][0] - expected[0][0], found[0][1] - expected[0][1]};
}

} // namespace

// All numbers are small integers.
static_assert(in_the_compiler() == std::array{0.0f, 0.0f});
