// Passes rewrite the list of layers, from type to type: for inference they drop what only training
// needs and fuse activations into the layers that feed them, for both they do a convolution and the
// max pool behind it in one.
#pragma once

#include <mote/core/fixed_point.hpp>
#include <mote/core/fused.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/network.hpp>
#include <mote/core/pool_pass.hpp>
#include <mote/core/record.hpp>
#include <mote/core/steps.hpp>
#include <mote/core/storage.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace mote {

namespace passes {

namespace detail {

using mote::detail::first_of;

/// The step with other values, where StandIns::value[i] takes the place of value i.
template <class StandIns, class Step, class Values = typename Step::values>
struct with_stand_ins;

template <class StandIns, class Step, std::size_t... Value>
struct with_stand_ins<StandIns, Step, std::index_sequence<Value...>> {
  using type = step<typename Step::layer, Step::first, Step::last,
                    std::index_sequence<StandIns::value[Value]...>>;
};

/// For each value the one that takes its place when the layers that only training needs are gone:
/// what these took.
template <class... Steps>
struct stand_ins {
  static constexpr auto value = [] {
    std::array<std::size_t, sizeof...(Steps) + 1> result{};
    ((result[Steps::last + 1] = Steps::layer::training_only
                                    ? result[first_of(typename Steps::values{})]
                                    : Steps::last + 1),
     ...);
    return result;
  }();
};

template <class Steps>
struct dropping;

template <class... Steps>
struct dropping<step_list<Steps...>> {
  using list = step_list<Steps...>;
  using names = stand_ins<Steps...>;
  static constexpr std::array<bool, sizeof...(Steps)> kept{!Steps::layer::training_only...};
  template <std::size_t Index>
  using at = typename with_stand_ins<names, typename list::template at<Index>>::type;
};

} // namespace detail

/// Leaves out the layers that do nothing in inference. Takes the network as written.
template <class Steps>
constexpr auto drop_training_only(Steps) {
  return detail::select<detail::dropping<Steps>>();
}

/// A rule that lets a layer apply the activation that follows it.
struct fuse_every_activation {
  static constexpr bool for_int8 = false;

  template <class Layer, class Next>
  static constexpr bool applies = requires {
    requires Layer::fuses_activation && Next::is_activation;
  };

  template <class Layer, class Next>
  using merged = fused<Layer, Next>;
};

/// The same, for activations that are a mere clamp in integer arithmetic.
struct fuse_int8_activations {
  static constexpr bool for_int8 = true;

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

template <class Net, class Rule>
constexpr auto rewrite_for_inference() {
  constexpr typename Net::indices indices{};
  const auto folded = absorb<fold_normalization>(drop_training_only(as_steps<Net>(indices)));
  if constexpr (!Rule::for_int8 && has_max_pool<Net>(indices)) {
    return rewritten_to<Net>(absorb<Rule>(fuse_max_pools<Net>(folded)));
  } else {
    return rewritten_to<Net>(absorb<Rule>(folded));
  }
}

template <class Net, class Rule>
using for_inference = typename decltype(rewrite_for_inference<Net, Rule>())::type;

} // namespace passes

/// The network that computes the same as `Net` in inference with as few layers as possible.
template <class Net>
using inference_network =
    typename passes::for_inference<Net, passes::fuse_every_activation>::network;

namespace passes {

template <class Net>
struct as_written {
  using network = Net;
};

template <class Net>
constexpr auto rewrite_for_training() {
  constexpr typename Net::indices indices{};
  if constexpr (has_max_pool<Net>(indices)) {
    constexpr auto steps = fuse_max_pools<Net>(as_steps<Net>(indices));
    if constexpr (steps.size < Net::size) {
      return rewritten_to<Net>(steps);
    } else {
      return std::type_identity<as_written<Net>>{};
    }
  } else {
    return std::type_identity<as_written<Net>>{};
  }
}

template <class Net>
using for_training = typename decltype(rewrite_for_training<Net>())::type;

} // namespace passes

/// The network that the trainers run in the place of `Net`, often `Net` itself: forward and
/// backward it computes the same. Its parameters, gradients and states of optimizers are those of
/// `Net`; only the workspace is its own. train_forward, forward and backward take both kinds.
template <class Net>
using training_network = typename passes::for_training<Net>::network;

namespace detail {

/// Whether the network of a workspace may run on the parameters of `Net`.
template <class Run, class Net>
concept runs_as = std::is_same_v<Run, Net> || std::is_same_v<Run, training_network<Net>>;

/// The layer of `Net` whose parameters are those of layer `Index` of `Run`.
template <class Run, class Net, std::size_t Index>
constexpr std::size_t origin_of() {
  if constexpr (std::is_same_v<Run, Net>) {
    return Index;
  } else {
    return passes::for_training<Net>::firsts[Index];
  }
}

} // namespace detail

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

template <std::size_t Index, class Layer, class Result>
struct checked_int8_form {
  using type = Result;
};
template <std::size_t Index, class Layer>
struct checked_int8_form<Index, Layer, no_int8_form> {
  static_assert(sizeof(int8_error<at_layer<Index>, Layer>) != 0);
  using type = no_int8_form;
};
template <std::size_t Index, class Layer, class Rounding>
using quantized_layer =
    typename checked_int8_form<Index, Layer, typename Layer::template quantized<Rounding>>::type;

template <class Layer, std::size_t Index, class Values>
struct int8_list_element;
template <class Layer, std::size_t Index, std::size_t... Value>
struct int8_list_element<Layer, Index, std::index_sequence<Value...>> {
  using type = list_element<Layer, Index, Value...>;
};

template <class Rounding, class Net, std::size_t... Index>
struct quantized_network<Rounding, Net, std::index_sequence<Index...>> {
  template <std::size_t At>
  using layer = quantized_layer<At, typename Net::template layer<At>, Rounding>;
  using type = typename Net::template with_layers<typename int8_list_element<
      layer<Index>, Index, typename Net::template sources<Index>>::type...>;
};

} // namespace detail

/// The integer form of a network: again a network, with int8 layers. `Rounding` is one of
/// rounding::twice and rounding::once.
template <class Net, class Rounding = rounding::twice>
using quantized = typename detail::quantized_network<Rounding, calibration_network<Net>>::type;

namespace passes {

/// A rule that lets an int8 convolution do the max pooling that follows it.
struct fuse_max_pool {
  template <class Layer, class Next>
  static constexpr bool applies = requires {
    typename Layer::template with_max_pool<Next>;
    requires !Layer::has_pool && Next::fuses_into_int8;
  };

  template <class Layer, class Next>
  using merged = typename Layer::template with_max_pool<Next>;
};

template <class Net>
constexpr auto rewrite_for_deployment() {
  return rewritten_to<Net>(absorb<fuse_max_pool>(as_steps<Net>(typename Net::indices{})));
}

template <class Net>
using for_deployment = typename decltype(rewrite_for_deployment<Net>())::type;

} // namespace passes

/// The network that computes the same as the quantized network `Net`, bit for bit, in less time
/// and memory: what is exported.
template <class Net>
using deployed = typename passes::for_deployment<Net>::network;

/// The parameters for `deployed<Net>`.
template <class Net, class T>
constexpr void to_deployed(const parameters<Net, T>& from, parameters<deployed<Net>, T>& to) {
  detail::rewrite_parameters<passes::for_deployment<Net>>(from, to);
}

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
