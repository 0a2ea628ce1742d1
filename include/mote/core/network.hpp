// A network is a type: an input shape and a flat list of layers in forward order.
#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/shape.hpp>

#include <boost/hana/for_each.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace mote {

// The words of the one-line diagnostic. They are never defined: naming one where a complete type is
// needed makes the compiler print it, on the first line, with everything a user has to know.
template <std::size_t Index>
struct at_layer;
template <std::size_t... Extents>
struct got_shape;
template <class Position, class Layer, class Needs, class Got>
struct shape_error;

namespace detail {

inline constexpr std::size_t no_layer = static_cast<std::size_t>(-1);

template <std::size_t Count>
struct shape_chain {
  std::array<shape, Count + 1>
      shapes{}; // shapes[i] enters layer i, shapes[Count] leaves the network
  std::size_t refused_by = no_layer;
};

/// Passes the input shape through the layers until one refuses what it gets.
template <class Input, class... Layers>
constexpr auto chain_shapes() {
  shape_chain<sizeof...(Layers)> chain;
  chain.shapes[0] = Input::value;
  std::size_t index = 0;
  boost::hana::for_each(boost::hana::tuple_t<Layers...>, [&](auto element) {
    using layer_type = typename decltype(element)::type;
    if (chain.refused_by == no_layer && !layer_type::expects::accepts(chain.shapes[index])) {
      chain.refused_by = index;
    }
    if (chain.refused_by == no_layer) {
      chain.shapes[index + 1] = layer_type::output(chain.shapes[index]);
    }
    ++index;
  });
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

/// The type of element `Index` of a list of types.
template <std::size_t Index, class... Types>
using element_t = typename std::remove_cvref_t<decltype(boost::hana::at_c<Index>(
    boost::hana::tuple_t<Types...>))>::type;

template <bool Accepted, std::size_t Index, class Layer, shape In>
struct shape_check {};

template <std::size_t Index, class Layer, shape In>
struct shape_check<false, Index, Layer, In> {
  static_assert(sizeof(shape_error<at_layer<Index>, Layer, typename Layer::expects,
                                   typename decltype(got<In>())::type>) != 0);
};

} // namespace detail

/// A feed-forward network. Holds no data: `parameters`, `gradients` and `workspace` do.
///
/// Each layer learns its input shape from the one before it. When a layer cannot take what it gets,
/// compilation stops with one line: `shape_error<at_layer<INDEX>, LAYER, NEEDS, GOT>`.
template <class Input, class... Layers>
struct network {
  /// Number of layers.
  static constexpr std::size_t size = sizeof...(Layers);
  static_assert(size > 0, "mote::network needs at least one layer");

private:
  static constexpr auto chain = detail::chain_shapes<Input, Layers...>();
  static constexpr bool accepted = chain.refused_by == detail::no_layer;
  static constexpr std::size_t suspect = accepted ? 0 : chain.refused_by;
  using check = detail::shape_check<accepted, suspect, detail::element_t<suspect, Layers...>,
                                    chain.shapes[suspect]>;
  static_assert(sizeof(check) != 0);

public:
  /// shapes[i] enters layer i; shapes[size] leaves the network.
  static constexpr std::array<shape, size + 1> shapes = chain.shapes;
  static constexpr shape input = shapes[0];
  static constexpr shape output = shapes[size];

  using input_type = Input;
  using layers = boost::hana::tuple<boost::hana::type<Layers>...>;
  using indices = std::make_index_sequence<size>;

  template <std::size_t Index>
  using layer = detail::element_t<Index, Layers...>;

  /// The same input with other layers.
  template <class... Others>
  using with_layers = network<Input, Others...>;
};

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
