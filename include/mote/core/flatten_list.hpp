// Lists inside lists: what residual<...> and concatenate<...> hold is written out into the one flat
// list of the network.
#pragma once

#include <boost/hana/fold_left.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace mote {

/// A layer that takes other values than that of the layer before it. Value 0 is the network's
/// input, value i + 1 what layer i gives.
template <class Layer, std::size_t... Values>
struct taking {};

/// The base of what stands for several layers. It defines `append_to(layer_list)`, which returns
/// the list with those layers at its end.
struct structure {};

template <class Layer>
concept is_structure = std::derived_from<Layer, structure>;

namespace detail {

/// How a flat list writes that its layer at `Position` takes these values.
template <class Layer, std::size_t Position, std::size_t... Values>
using list_element = std::conditional_t<
    std::is_same_v<std::index_sequence<Values...>, std::index_sequence<Position>>, Layer,
    taking<Layer, Values...>>;

/// What such an element says.
template <class Layer, std::size_t Position>
struct list_entry {
  using layer = Layer;
  using values = std::index_sequence<Position>;
};

template <class Layer, std::size_t... Values, std::size_t Position>
struct list_entry<taking<Layer, Values...>, Position> {
  using layer = Layer;
  using values = std::index_sequence<Values...>;
};

} // namespace detail

/// Layers in the order in which they run, and the value that the next one is to take.
template <std::size_t Value, class... Layers>
struct layer_list {
  static constexpr std::size_t value = Value;

  /// The list that goes on from another value.
  template <std::size_t Other>
  static constexpr layer_list<Other, Layers...> from() {
    return {};
  }

  /// The list with a layer that takes these values.
  template <class Layer, std::size_t... Values>
  static constexpr auto add() {
    constexpr std::size_t position = sizeof...(Layers);
    return layer_list<position + 1, Layers..., detail::list_element<Layer, position, Values...>>{};
  }
};

/// The list with `More` at its end, one after the other.
template <class... More, class List>
constexpr auto append(List list) {
  return boost::hana::fold_left(boost::hana::tuple_t<More...>, list,
                                []<class Before>(Before before, auto element) {
                                  using layer_type = typename decltype(element)::type;
                                  if constexpr (is_structure<layer_type>) {
                                    return layer_type::append_to(before);
                                  } else {
                                    return Before::template add<layer_type, Before::value>();
                                  }
                                });
}

namespace detail {

template <template <class> class Wrapper, class Element>
struct wrap {
  using type = Wrapper<Element>;
};
template <template <class> class Wrapper, class Layer, std::size_t... Values>
struct wrap<Wrapper, taking<Layer, Values...>> {
  using type = taking<Wrapper<Layer>, Values...>;
};
template <template <class> class Wrapper, class Element, bool Wraps>
using wrap_if =
    typename std::conditional_t<Wraps, wrap<Wrapper, Element>, std::type_identity<Element>>::type;

template <template <class> class Wrapper, std::size_t First, std::size_t Value, class... Layers,
          std::size_t... Index>
constexpr auto wrap_from(layer_list<Value, Layers...>, std::index_sequence<Index...>) {
  return layer_list<Value, wrap_if<Wrapper, Layers, (Index >= First)>...>{};
}

/// Appends a structure, with each of its layers inside a Wrapper.
template <template <class> class Wrapper, class Structure, std::size_t Value, class... Layers>
constexpr auto append_wrapped(layer_list<Value, Layers...> list) {
  return []<std::size_t Last, class... All>(layer_list<Last, All...> longer) {
    return wrap_from<Wrapper, sizeof...(Layers)>(longer, std::index_sequence_for<All...>{});
  }
  (append<Structure>(list));
}

} // namespace detail

} // namespace mote
