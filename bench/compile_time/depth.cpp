// What a network of LAYERS layers costs the compiler: training it, and running it in int8.
#include <mote/mote.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

using namespace mote;

template <std::size_t Index>
using nth = std::conditional_t<Index % 2 == 0, dense<8 + Index % 6>, relu>;

template <class Indices>
struct deep;
template <std::size_t... Index>
struct deep<std::index_sequence<Index...>> {
  using type = network<input<16>, nth<Index>...>;
};
using net = deep<std::make_index_sequence<LAYERS>>::type;

float train(trainer<net, softmax_cross_entropy, adam<>, 8>& teacher,
            std::span<const std::uint8_t> labels) {
  return teacher.step(8, labels);
}

void infer(const parameters<quantized<net>>& weights, workspace<quantized<net>>& memory) {
  forward(weights, memory);
}
