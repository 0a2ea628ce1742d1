#include <mote/core/network.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/relu.hpp>

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "../catch.hpp"

namespace {

using namespace mote;

using digits = network<input<28, 28, 1>, flatten, dense<64>, relu, dropout<20>, dense<10>>;

/// A list of `Count` equal layers.
template <class Indices>
struct deep;

template <std::size_t... Index>
struct deep<std::index_sequence<Index...>> {
  template <std::size_t>
  using same = relu;
  using type = network<input<3>, same<Index>...>;
};

} // namespace

TEST_CASE("each layer learns its shape from the one before it", "[core][network]") {
  static_assert(digits::size == 5);
  static_assert(digits::input == shape{28, 28, 1});
  static_assert(digits::output == shape{10});
  CHECK(digits::shapes == std::array<shape, 6>{shape{28, 28, 1}, shape{784}, shape{64}, shape{64},
                                               shape{64}, shape{10}});
}

TEST_CASE("layers are reached by their index", "[core][network]") {
  static_assert(std::is_same_v<digits::layer<0>, flatten>);
  static_assert(std::is_same_v<digits::layer<3>, dropout<20>>);
  static_assert(std::is_same_v<digits::layer<4>, dense<10>>);
  static_assert(std::is_same_v<digits::input_type, input<28, 28, 1>>);
  static_assert(std::is_same_v<digits::with_layers<flatten, dense<3>>,
                               network<input<28, 28, 1>, flatten, dense<3>>>);
  CHECK(digits::indices::size() == 5);
}

TEST_CASE("a network holds no data", "[core][network]") {
  CHECK(std::is_empty_v<digits>);
}

TEST_CASE("a layer that refuses its shape is found", "[core][network]") {
  // What the compiler prints of it is tested where compilation fails; this is where it looks.
  const auto of = []<class... Layers>(layer_list<sizeof...(Layers), Layers...>) {
    return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      return detail::chain_shapes<input<4, 4, 1>, detail::list_entry<Layers, Index>...>();
    }
    (std::index_sequence_for<Layers...>{});
  };
  constexpr auto chain = of(layer_list<3, relu, dense<3>, dense<2>>{});
  CHECK(chain.refused_by == 1);
  CHECK(chain.shapes[1] == shape{4, 4, 1});
  constexpr auto accepted = of(layer_list<3, relu, flatten, dense<3>>{});
  CHECK(accepted.refused_by == detail::no_layer);
}

TEST_CASE("a network may have many layers", "[core][network]") {
  using net = deep<std::make_index_sequence<200>>::type;
  CHECK(net::size == 200);
  CHECK(net::output == shape{3});
}

TEST_CASE("for_each_index goes forwards, or backwards, with constants", "[core][network]") {
  std::vector<std::size_t> seen;
  const auto note = [&](auto index) {
    constexpr std::size_t value = index;
    seen.push_back(value);
  };
  for_each_index<4>(note);
  CHECK(seen == std::vector<std::size_t>{0, 1, 2, 3});
  seen.clear();
  for_each_index_backwards<4>(note);
  CHECK(seen == std::vector<std::size_t>{3, 2, 1, 0});
  seen.clear();
  for_each_index<0>(note);
  for_each_index_backwards<0>(note);
  CHECK(seen.empty());
}
