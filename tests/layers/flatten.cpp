#include <mote/layers/flatten.hpp>
#include <mote/layers/tanh.hpp>

#include <array>
#include <numeric>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

using net = network<input<2, 3, 2>, flatten>;

} // namespace

TEST_CASE("flatten: any shape becomes the vector of its elements", "[layers][flatten]") {
  CHECK(flatten::output(shape{7}) == shape{7});
  CHECK(flatten::output(shape{3, 5}) == shape{15});
  CHECK(flatten::output(shape{4, 3, 2}) == shape{24});
}

TEST_CASE("flatten: is a view, so it moves nothing and needs no memory", "[layers][flatten]") {
  workspace<net, float, 3> memory{};
  CHECK(memory.output().data == memory.input().data);
  CHECK(decltype(memory)::plan.size == 3 * 12);

  workspace<net, float, 3, training_with_input_gradient> training_memory{};
  CHECK(training_memory.output().data == training_memory.input().data);
  CHECK(training_memory.output_gradient().data == training_memory.input_gradient().data);
  CHECK(training_memory.output_gradient().data != training_memory.output().data);
}

TEST_CASE("flatten: keeps the order of the elements, there and back", "[layers][flatten]") {
  support::subject<net, float, 2> all;
  std::array<float, 24> x{};
  std::iota(x.begin(), x.end(), 1.0f);
  CHECK(all.forward<isa::generic>(x) == x);
  std::array<float, 24> slopes{};
  std::iota(slopes.begin(), slopes.end(), -7.0f);
  CHECK(all.backward<isa::generic>(slopes) == slopes);
}

TEST_CASE("flatten: gradients against differences", "[layers][flatten]") {
  CHECK(support::check_network<net, 3>().relative_error < 1e-6);
  using behind_an_activation = network<input<3, 1, 5>, mote::tanh, flatten, mote::tanh>;
  CHECK(support::check_network<behind_an_activation, 2>().relative_error < 1e-6);
}
