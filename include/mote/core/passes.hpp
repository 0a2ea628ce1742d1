// Passes rewrite the list of layers for inference, from type to type: drop what only training
// needs, fuse activations into the layers that feed them.
#pragma once

#include <mote/core/fixed_point.hpp>
#include <mote/core/fused.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/network.hpp>
#include <mote/core/record.hpp>
#include <mote/core/storage.hpp>

#include <boost/hana/bool.hpp>
#include <boost/hana/filter.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>
#include <boost/hana/unpack.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace mote {

namespace passes {

/// An element of the list that is being rewritten: a layer, the layers [First, Last] of the network
/// as written that it stands for, and which values of that network it takes (an index_sequence). It
/// gives value Last + 1.
template <class Layer, std::size_t First, std::size_t Last, class Values>
struct step {
  using layer = Layer;
  using values = Values;
  static constexpr std::size_t first = First;
  static constexpr std::size_t last = Last;
};

/// The network as written, as a Hana tuple of steps.
template <class Net, std::size_t... Index>
constexpr auto as_steps(std::index_sequence<Index...>) {
  return boost::hana::tuple_t<step<typename Net::template layer<Index>, Index, Index,
                                   typename Net::template sources<Index>>...>;
}

namespace detail {

using mote::detail::first_of;

/// For each value the one that takes its place when the layers that only training needs are gone.
template <class... Steps>
constexpr auto find_stand_ins() {
  std::array<std::size_t, sizeof...(Steps) + 1> result{};
  ((result[Steps::last + 1] =
        Steps::layer::training_only ? result[first_of(typename Steps::values{})] : Steps::last + 1),
   ...);
  return result;
}
template <class... Steps>
inline constexpr auto stand_ins = find_stand_ins<Steps...>();

template <const auto& StandIns, class Step, std::size_t... Value>
constexpr auto with_stand_ins(std::index_sequence<Value...>) {
  return boost::hana::type_c<
      step<typename Step::layer, Step::first, Step::last, std::index_sequence<StandIns[Value]...>>>;
}

} // namespace detail

/// Leaves out the layers that do nothing in inference. Takes the network as written.
template <class Steps>
constexpr auto drop_training_only(Steps steps) {
  const auto renamed = boost::hana::unpack(steps, [](auto... elements) {
    constexpr auto& names = detail::stand_ins<typename decltype(elements)::type...>;
    return boost::hana::make_tuple(detail::with_stand_ins<names, typename decltype(elements)::type>(
        typename decltype(elements)::type::values{})...);
  });
  return boost::hana::filter(renamed, [](auto element) {
    return boost::hana::bool_c<!decltype(element)::type::layer::training_only>;
  });
}

/// A rule that lets a layer apply the activation that follows it.
struct fuse_every_activation {
  template <class Layer, class Next>
  static constexpr bool applies = requires {
    requires Layer::fuses_activation && Next::is_activation;
  };

  template <class Layer, class Next>
  using merged = fused<Layer, Next>;
};

/// The same, for activations that are a mere clamp in integer arithmetic.
struct fuse_int8_activations {
  template <class Layer, class Next>
  static constexpr bool applies = requires {
    requires Layer::fuses_activation && Next::clamps_int8;
  };

  template <class Layer, class Next>
  using merged = fused<Layer, Next>;
};

/// A rule that puts a normalization into the weights of the layer before it. That layer names in
/// `with_bias` what it is with a bias to take the offset.
struct fold_normalization {
  template <class Layer, class Next>
  static constexpr bool applies = requires {
    typename Layer::with_bias;
    requires Next::is_normalization;
  };

  template <class Layer, class>
  using merged = typename Layer::with_bias;
};

namespace detail {

/// How many steps take each value.
template <class... Steps>
constexpr auto count_readers() {
  std::array<std::size_t, std::max({Steps::last...}) + 2> result{};
  const auto count = [&]<std::size_t... Value>(std::index_sequence<Value...>) {
    (++result[Value], ...);
  };
  (count(typename Steps::values{}), ...);
  return result;
}
template <class... Steps>
inline constexpr auto readers = count_readers<Steps...>();

/// True when step Index disappears into the one before it, which nobody else may read.
template <class Rule, std::size_t Index, class... Steps>
constexpr bool is_absorbed() {
  if constexpr (Index == 0 || Index >= sizeof...(Steps)) {
    return false;
  } else {
    using previous = mote::detail::element_t<Index - 1, Steps...>;
    using current = mote::detail::element_t<Index, Steps...>;
    return std::is_same_v<typename current::values, std::index_sequence<previous::last + 1>> &&
           readers<Steps...>[previous::last + 1] == 1 &&
           Rule::template applies<typename previous::layer, typename current::layer>;
  }
}

/// What becomes of step Index: nothing, itself, or itself with the next one inside.
template <class Rule, std::size_t Index, class... Steps>
constexpr auto absorb_next() {
  using current = mote::detail::element_t<Index, Steps...>;
  if constexpr (is_absorbed<Rule, Index, Steps...>()) {
    return boost::hana::type_c<void>;
  } else if constexpr (is_absorbed<Rule, Index + 1, Steps...>()) {
    using next = mote::detail::element_t<Index + 1, Steps...>;
    using layer = typename Rule::template merged<typename current::layer, typename next::layer>;
    return boost::hana::type_c<step<layer, current::first, next::last, typename current::values>>;
  } else {
    return boost::hana::type_c<current>;
  }
}

} // namespace detail

/// Lets each step absorb the one after it where Rule applies. Works on neighbours by index, so that
/// the work grows with the length of the list and the depth does not.
template <class Rule, class Steps>
constexpr auto absorb(Steps steps) {
  const auto merged = boost::hana::unpack(steps, [](auto... elements) {
    return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      return boost::hana::make_tuple(
          detail::absorb_next<Rule, Index, typename decltype(elements)::type...>()...);
    }
    (std::make_index_sequence<sizeof...(elements)>{});
  });
  return boost::hana::filter(merged, [](auto element) {
    return boost::hana::bool_c<!std::is_void_v<typename decltype(element)::type>>;
  });
}

namespace detail {

/// Where the values of the network as written are found in the rewritten one.
template <std::size_t Values, class... Steps>
constexpr auto find_positions() {
  std::array<std::size_t, Values> result{};
  std::size_t position = 0;
  ((result[Steps::last + 1] = ++position), ...);
  return result;
}
template <std::size_t Values, class... Steps>
inline constexpr auto positions = find_positions<Values, Steps...>();

template <const auto& Positions, class Step, std::size_t... Value>
constexpr auto as_list_element(std::index_sequence<Value...>) {
  return std::type_identity<mote::detail::list_element<
      typename Step::layer, Positions[Step::last + 1] - 1, Positions[Value]...>>{};
}

} // namespace detail

/// The network that a list of steps describes, and where its layers come from.
template <class Net, class... Steps>
struct rewritten {
private:
  template <class Step>
  using list_element =
      typename decltype(detail::as_list_element<detail::positions<Net::size + 1, Steps...>, Step>(
          typename Step::values{}))::type;

public:
  using network = typename Net::template with_layers<list_element<Steps>...>;
  /// Layer i of `network` stands for the layers firsts[i] ... lasts[i] of `Net`.
  static constexpr std::array<std::size_t, sizeof...(Steps)> firsts{Steps::first...};
  static constexpr std::array<std::size_t, sizeof...(Steps)> lasts{Steps::last...};
};

template <class Net, class Rule>
constexpr auto rewrite_for_inference() {
  constexpr auto steps = absorb<Rule>(
      absorb<fold_normalization>(drop_training_only(as_steps<Net>(typename Net::indices{}))));
  return boost::hana::unpack(steps, [](auto... elements) {
    return boost::hana::type_c<rewritten<Net, typename decltype(elements)::type...>>;
  });
}

template <class Net, class Rule>
using for_inference = typename decltype(rewrite_for_inference<Net, Rule>())::type;

} // namespace passes

/// The network that computes the same as `Net` in inference with as few layers as possible.
template <class Net>
using inference_network =
    typename passes::for_inference<Net, passes::fuse_every_activation>::network;

namespace detail {

/// The parameters of a layer that stands for layers First ... Last of the network as written: those
/// of the first, with a normalization among the others folded in.
template <std::size_t First, std::size_t Last, class Net, class T, class Items>
constexpr void rewrite_layer(const parameters<Net, T>& from, Items& to) {
  const auto& source = get<First>(from);
  if constexpr (std::is_same_v<std::remove_cvref_t<decltype(source)>, Items>) {
    to = source;
  }
  for_each_index<Last - First>([&](auto offset) {
    using layer_type = typename Net::template layer<First + 1 + offset>;
    if constexpr (requires { layer_type::is_normalization; }) {
      layer_type::fold(source, get<First + 1 + offset>(from), to);
    }
  });
}

/// The parameters of a rewritten network, copied from those of the network as written.
template <class Rewritten, class Net, class T>
constexpr void rewrite_parameters(const parameters<Net, T>& from,
                                  parameters<typename Rewritten::network, T>& to) {
  using network = typename Rewritten::network;
  for_each_index<network::size>([&](auto index) {
    using items =
        typename network::template layer<index>::template parameters<network::inputs[index], T>;
    if constexpr (!is_none<items>) {
      rewrite_layer<Rewritten::firsts[index], Rewritten::lasts[index]>(from, get<index>(to));
    }
  });
}

} // namespace detail

/// The real network whose layers match those of the quantized one: it is run to see the ranges.
template <class Net>
using calibration_network =
    typename passes::for_inference<Net, passes::fuse_int8_activations>::network;

namespace detail {

template <class Rounding, class Net, class Indices = typename Net::indices>
struct quantized_network;

/// Never defined: printed when a layer that has no int8 form is to be quantized.
template <class Position, class Layer>
struct int8_error;

template <std::size_t Index, class Layer, class Rounding>
constexpr auto quantized_layer() {
  using result = typename Layer::template quantized<Rounding>;
  if constexpr (std::is_same_v<result, no_int8_form>) {
    static_assert(sizeof(int8_error<at_layer<Index>, Layer>) != 0);
  }
  return std::type_identity<result>{};
}

template <class Layer, std::size_t Index, std::size_t... Value>
constexpr auto int8_list_element(std::index_sequence<Value...>) {
  return std::type_identity<list_element<Layer, Index, Value...>>{};
}

template <class Rounding, class Net, std::size_t... Index>
struct quantized_network<Rounding, Net, std::index_sequence<Index...>> {
  template <std::size_t At>
  using layer =
      typename decltype(quantized_layer<At, typename Net::template layer<At>, Rounding>())::type;
  using type =
      typename Net::template with_layers<typename decltype(int8_list_element<layer<Index>, Index>(
          typename Net::template sources<Index>{}))::type...>;
};

} // namespace detail

/// The integer form of a network: again a network, with int8 layers. `Rounding` is one of
/// rounding::twice and rounding::once.
template <class Net, class Rounding = rounding::twice>
using quantized = typename detail::quantized_network<Rounding, calibration_network<Net>>::type;

/// The parameters for `inference_network<Net>`.
template <class Net, class T>
constexpr void to_inference(const parameters<Net, T>& from,
                            parameters<inference_network<Net>, T>& to) {
  detail::rewrite_parameters<passes::for_inference<Net, passes::fuse_every_activation>>(from, to);
}

/// The parameters for `calibration_network<Net>`.
template <class Net, class T>
constexpr void to_calibration(const parameters<Net, T>& from,
                              parameters<calibration_network<Net>, T>& to) {
  detail::rewrite_parameters<passes::for_inference<Net, passes::fuse_int8_activations>>(from, to);
}

} // namespace mote
