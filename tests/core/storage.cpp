#include <mote/core/passes.hpp>
#include <mote/core/storage.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/relu.hpp>
#include <mote/optimizers/adam.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "../catch.hpp"

namespace {

using namespace mote;

using net = network<input<2, 3, 1>, flatten, dense<4>, relu, dropout<20>, dense<2>>;

bool is_aligned(const void* address, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(address) % alignment == 0;
}

} // namespace

TEST_CASE("parameters are their numbers and nothing else", "[core][storage]") {
  CHECK(sizeof(parameters<net>) == (4 * 6 + 4 + 2 * 4 + 2) * sizeof(float));
  CHECK(sizeof(parameters<net, double>) == (4 * 6 + 4 + 2 * 4 + 2) * sizeof(double));
  CHECK(sizeof(gradients<net>) == sizeof(parameters<net>));
  CHECK(std::is_empty_v<parameters<network<input<3>, relu, dropout<20>>>>);
  static_assert(std::is_trivially_copyable_v<parameters<net>>);
  static_assert(std::is_same_v<parameters<net>::network, net>);
}

TEST_CASE("networks are of float unless their layers are bound to something else",
          "[core][storage]") {
  static_assert(std::is_same_v<value_type_of<net>, float>);
  static_assert(std::is_same_v<value_type_of<quantized<net>>, std::int8_t>);
  CHECK(std::is_same_v<workspace<quantized<net>>::value_type, std::int8_t>);
}

TEST_CASE("visit_tensors sees the same tensor of each record, in order", "[core][storage]") {
  parameters<net> weights{};
  gradients<net> slopes{};
  parameters<net, double> wide{};
  std::vector<std::string> seen;
  visit_tensors<net>(
      [&](auto index, const field& description, auto& w, const auto& g, auto& d) {
        constexpr std::size_t layer = index;
        seen.push_back(std::to_string(layer) + " " + description.name);
        CHECK(w.extents == g.extents);
        CHECK(w.extents == d.extents);
        w.values.fill(static_cast<float>(seen.size()));
        d.values.fill(static_cast<double>(seen.size()));
      },
      weights, slopes, wide);
  CHECK(seen == std::vector<std::string>{"1 weights", "1 bias", "4 weights", "4 bias"});
  CHECK(get<1>(weights).weights.values.back() == 1.0f);
  CHECK(get<1>(weights).bias[3] == 2.0f);
  CHECK(get<4>(weights).weights[0] == 3.0f);
  CHECK(get<4>(wide).bias[1] == 4.0);
}

TEST_CASE("a workspace for inference is one arena", "[core][storage]") {
  using memory_type = workspace<net, float, 3>;
  static_assert(std::is_trivially_copyable_v<memory_type>);
  CHECK(sizeof(memory_type) == 3 * (6 + 4) * sizeof(float)); // the largest neighbours
  CHECK(alignof(memory_type) == 4);
  CHECK(sizeof(workspace<network<input<5>, relu>, std::int8_t>) == 8); // whole words
}

TEST_CASE("a workspace for training aligns its rows and keeps the layers' caches",
          "[core][storage]") {
  using memory_type = workspace<net, float, 3, training>;
  CHECK(alignof(memory_type) == 64);
  memory_type memory{};
  CHECK(is_aligned(memory.input().data, 64));
  CHECK(is_aligned(memory.output().data, 64));
  CHECK(is_aligned(memory.gradient<2>().data, 64));
  CHECK(get<3>(memory.caches).kept.size == 3 * 4);
}

TEST_CASE("a workspace's views lie in its arena", "[core][storage]") {
  workspace<net, float, 3, training_with_input_gradient> memory{};
  const auto lies_inside = [&](auto view) {
    return view.data >= memory.arena.data() &&
           view.data + view.rows * view.sample_size <= memory.arena.data() + memory.arena.size();
  };
  for_each_index<net::size + 1>([&](auto index) {
    CAPTURE(std::size_t{index});
    CHECK(lies_inside(memory.value<index>()));
    CHECK(lies_inside(memory.gradient<index>()));
  });
  CHECK(memory.input().rows == 3);
  CHECK(memory.input(2).rows == 2);
  CHECK(memory.input().data == memory.value<0>().data);
  CHECK(memory.output().data == memory.value<net::size>().data);
  CHECK(memory.output_gradient(1).data == memory.gradient<net::size>().data);
  CHECK(memory.input_gradient().data == memory.gradient<0>().data);
  static_assert(decltype(memory.input())::sample_size == 6);
  static_assert(decltype(memory.output())::sample_size == 2);
}
