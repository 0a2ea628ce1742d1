// A network is a type: an input shape and a flat list of layers in forward order.
#pragma once

#include <mote/core/flatten_list.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/requirements.hpp>
#include <mote/core/shape.hpp>

#include <boost/hana/for_each.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace mote {

template <class Input, class... Layers>
struct network;

// The words of the one-line diagnostic. They are never defined: naming one where a complete type is
// needed makes the compiler print it, on the first line, with everything a user has to know.
template <std::size_t Index>
struct at_layer;
template <std::size_t... Extents>
struct got_shape;
template <class... Shapes>
struct got_shapes;
template <class Position, class Layer, class Needs, class Got>
struct shape_error;

namespace detail {

inline constexpr std::size_t no_layer = static_cast<std::size_t>(-1);

template <std::size_t Count>
struct shape_chain {
  std::array<shape, Count + 1>
      shapes{}; // shapes[i] enters layer i of a chain, shapes[Count] leaves the network
  std::size_t refused_by = no_layer;
};

/// Hands shapes to one layer after the other until one refuses what it gets. A class of its own,
/// not a lambda, that the names of its functions do not hold the whole network.
template <std::size_t Count>
struct shape_passer {
  shape_chain<Count>& chain;
  std::size_t index = 0;

  template <class Entry>
  constexpr void operator()(Entry) {
    pass<typename Entry::type::layer>(typename Entry::type::values{});
  }

private:
  template <class Layer, std::size_t... Value>
  constexpr void pass(std::index_sequence<Value...>) {
    if (chain.refused_by == no_layer && !Layer::expects::accepts(chain.shapes[Value]...)) {
      chain.refused_by = index;
    }
    if (chain.refused_by == no_layer) {
      chain.shapes[++index] = Layer::output(chain.shapes[Value]...);
    }
  }
};

/// Passes the input shape through the layers until one refuses what it gets.
template <class Input, class... Entries>
constexpr auto chain_shapes() {
  shape_chain<sizeof...(Entries)> chain;
  chain.shapes[0] = Input::value;
  boost::hana::for_each(boost::hana::tuple_t<Entries...>, shape_passer<sizeof...(Entries)>{chain});
  return chain;
}

template <shape Shape>
constexpr auto got() {
  if constexpr (Shape.rank == 1) {
    return std::type_identity<got_shape<Shape.channels>>{};
  } else if constexpr (Shape.rank == 2) {
    return std::type_identity<got_shape<Shape.width, Shape.channels>>{};
  } else {
    return std::type_identity<got_shape<Shape.height, Shape.width, Shape.channels>>{};
  }
}

template <shape First, shape Second, shape... More>
constexpr auto got() {
  return std::type_identity<
      got_shapes<typename decltype(got<First>())::type, typename decltype(got<Second>())::type,
                 typename decltype(got<More>())::type...>>{};
}

/// A list of types, of which one can be had by its index.
template <class... Types>
using type_list = std::remove_const_t<decltype(boost::hana::tuple_t<Types...>)>;

/// The type of element `Index` of such a list. The list is one argument, not a pack of them: a
/// compiler compares all arguments whenever it meets a template again.
template <std::size_t Index, class List>
using element_t = typename std::remove_cvref_t<decltype(boost::hana::at_c<Index>(
    std::declval<const List&>()))>::type;

template <bool Accepted, std::size_t Index, class Layer, shape_chain Chain, class Values>
struct shape_check {};

template <std::size_t Index, class Layer, shape_chain Chain, std::size_t... Value>
struct shape_check<false, Index, Layer, Chain, std::index_sequence<Value...>> {
  static_assert(sizeof(shape_error<at_layer<Index>, Layer, typename Layer::expects,
                                   typename decltype(got<Chain.shapes[Value]...>())::type>) != 0);
};

template <std::size_t First, std::size_t... More>
constexpr std::size_t first_of(std::index_sequence<First, More...>) {
  return First;
}

/// A network whose layers stand in one flat list.
template <class Input, class Indices, class... Layers>
struct flat_network;

template <class Input, std::size_t... Index, class... Layers>
struct flat_network<Input, std::index_sequence<Index...>, Layers...> {
  /// Number of layers.
  static constexpr std::size_t size = sizeof...(Layers);

private:
  using list = type_list<Layers...>;
  template <std::size_t At>
  using entry = list_entry<element_t<At, list>, At>;

  static_assert((require_layer<typename list_entry<Layers, Index>::layer>(
                     typename list_entry<Layers, Index>::values{}) &&
                 ...));

public:
  template <std::size_t At>
  using layer = typename entry<At>::layer;

  /// The values that layer `At` takes, as an index_sequence: mostly the one value `At`. Value 0 is
  /// the network's input, value i + 1 what layer i gives.
  template <std::size_t At>
  using sources = typename entry<At>::values;

private:
  static constexpr auto chain = chain_shapes<Input, list_entry<Layers, Index>...>();
  static constexpr bool accepted = chain.refused_by == no_layer;
  static constexpr std::size_t suspect = accepted ? 0 : chain.refused_by;
  static_assert(sizeof(shape_check<accepted, suspect, layer<suspect>, chain, sources<suspect>>) !=
                0);

public:
  /// shapes[i] is the shape of value i.
  static constexpr std::array<shape, size + 1> shapes = chain.shapes;
  /// inputs[i] enters layer i; of a layer that takes several values, the first.
  static constexpr std::array<shape, size> inputs{
      shapes[first_of(typename list_entry<Layers, Index>::values{})]...};
  static constexpr shape input = shapes[0];
  static constexpr shape output = shapes[size];

  /// The same input with other layers.
  template <class... Others>
  using with_layers = network<Input, Others...>;

  using input_type = Input;
  using indices = std::index_sequence<Index...>;
};

/// The base of network<Input, Layers...>: what residual and its like stand for written out.
template <class Input, class... Layers>
constexpr auto flattened() {
  static_assert(sizeof...(Layers) > 0, "mote::network needs at least one layer");
  if constexpr ((is_structure<Layers> || ...)) {
    return []<std::size_t Value, class... Flat>(layer_list<Value, Flat...>) {
      static_assert(Value == sizeof...(Flat),
                    "mote::network: the last residual or concatenate holds no layer");
      return std::type_identity<flat_network<Input, std::index_sequence_for<Flat...>, Flat...>>{};
    }
    (append<Layers...>(layer_list<0>{}));
  } else {
    return std::type_identity<flat_network<Input, std::index_sequence_for<Layers...>, Layers...>>{};
  }
}

} // namespace detail

/// A feed-forward network. Holds no data: `parameters`, `gradients` and `workspace` do.
///
/// Each layer learns its input shape from the one before it. When a layer cannot take what it gets,
/// compilation stops with one line: `shape_error<at_layer<INDEX>, LAYER, NEEDS, GOT>`.
///
/// Layers are counted in reading order. What residual<...> and concatenate<...> hold counts layer
/// by layer, and one more for the sum or concatenation itself.
template <class Input, class... Layers>
struct network : decltype(detail::flattened<Input, Layers...>())::type {};

/// Calls f(std::integral_constant<std::size_t, I>{}) for I = 0 ... Count - 1, in order.
template <std::size_t Count, class F>
constexpr void for_each_index(F&& f) {
  [&]<std::size_t... Index>(std::index_sequence<Index...>) {
    (f(std::integral_constant<std::size_t, Index>{}), ...);
  }
  (std::make_index_sequence<Count>{});
}

/// The same from Count - 1 down to 0.
template <std::size_t Count, class F>
constexpr void for_each_index_backwards(F&& f) {
  for_each_index<Count>([&](auto index) {
    f(std::integral_constant<std::size_t, Count - 1 - decltype(index)::value>{});
  });
}

} // namespace mote
