#include <mote/core/passes.hpp>
#include <mote/layers/conv2d.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/reshape.hpp>
#include <mote/layers/tanh.hpp>

#include <array>
#include <numeric>
#include <type_traits>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

using net = network<input<12>, reshape<2, 3, 2>>;

} // namespace

TEST_CASE("reshape: any shape of as many elements becomes the one named", "[layers][reshape]") {
  CHECK(net::output == shape{2, 3, 2});
  CHECK(network<input<2, 3, 2>, reshape<4, 3>>::output == shape{4, 3});
  CHECK(network<input<2, 6>, reshape<12>>::output == shape{12});
  CHECK(reshape<2, 3>::expects::accepts(shape{6}));
  CHECK_FALSE(reshape<2, 3>::expects::accepts(shape{7}));
}

TEST_CASE("reshape: is a view that keeps the order of the elements", "[layers][reshape]") {
  workspace<net, float, 3> memory{};
  CHECK(memory.output().data == memory.input().data);
  CHECK(decltype(memory)::plan.size == 3 * 12);
  support::subject<net, float, 2> all;
  std::array<float, 24> x{};
  std::iota(x.begin(), x.end(), 1.0f);
  CHECK(all.forward<isa::generic>(x) == x);
  CHECK(all.backward<isa::generic>(x) == x);
}

TEST_CASE("reshape: gradients against differences", "[layers][reshape]") {
  using conv_on_a_vector = network<input<18>, mote::tanh, reshape<3, 3, 2>, conv2d<2, 2>,
                                   reshape<8>, mote::tanh, dense<3>>;
  CHECK(support::check_network<conv_on_a_vector, 2>().relative_error < 1e-6);
}

TEST_CASE("reshape: stays in int8, as it is", "[layers][reshape]") {
  using quantized_net = quantized<network<input<2, 2>, reshape<4>, dense<3>>>;
  CHECK(std::is_same_v<quantized_net::layer<0>, reshape<4>>);
}
