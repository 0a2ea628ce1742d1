// Running a network: forward, forward while training, backward.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/network.hpp>
#include <mote/core/pass.hpp>
#include <mote/core/passes.hpp>
#include <mote/core/policy.hpp>
#include <mote/core/random.hpp>
#include <mote/core/requirements.hpp>
#include <mote/core/storage.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace mote {

/// Sees nothing; the default observer of `forward`.
struct no_observer {
  template <class Index, class View>
  constexpr void operator()(Index, View) const {}
};

namespace detail {

template <class Net, std::size_t Index, class T>
using items_of = typename Net::template layer<Index>::template parameters<Net::inputs[Index], T>;
template <class Net, std::size_t Index, class T, std::size_t Batch>
using cache_of = typename Net::template layer<Index>::template cache<Net::inputs[Index], T, Batch>;

/// Pointers to the values that a layer takes, if they are several.
template <std::size_t... Value, class Memory>
constexpr auto input_pointers([[maybe_unused]] Memory& memory, std::index_sequence<Value...>) {
  using value_type = const typename Memory::value_type;
  if constexpr (sizeof...(Value) == 1) {
    return none{};
  } else {
    return std::array<value_type*, sizeof...(Value)>{memory.template value<Value>().data...};
  }
}

/// `items` are the parameters of layer Index.
template <class Isa, class Net, std::size_t Index, class Items, class Memory, std::size_t First,
          std::size_t... More>
constexpr auto make_forward_pass(const Items& items, Memory& memory, std::size_t rows,
                                 std::index_sequence<First, More...> sources) {
  return forward_pass<Isa, Net::shapes[First], Net::shapes[Index + 1], typename Memory::value_type,
                      Items, identity, Net::shapes[More]...>{
      items, memory.template value<First>(rows).as_const(), memory.template value<Index + 1>(rows),
      input_pointers(memory, sources)};
}

template <class Isa, class Net, std::size_t Index, class Items, class T, std::size_t Batch,
          class Mode, std::size_t First, std::size_t... More>
constexpr auto make_training_pass(const Items& items, workspace<Net, T, Batch, Mode>& memory,
                                  random_source& generator, std::size_t rows,
                                  std::index_sequence<First, More...> sources) {
  return training_pass<Isa, Net::shapes[First], Net::shapes[Index + 1], T, Items,
                       cache_of<Net, Index, T, Batch>, Net::shapes[More]...>{
      make_forward_pass<Isa, Net, Index>(items, memory, rows, sources), get<Index>(memory.caches),
      generator};
}

/// Where layer Index is to write the gradients of the values that it takes; null for those that
/// nobody wants.
template <class Net, std::size_t Index, class Memory, std::size_t... Value, std::size_t... Source>
constexpr auto gradient_pointers(Memory& memory, std::index_sequence<Value...>,
                                 std::index_sequence<Source...>) {
  return std::array{(Memory::plan.has_gradient[Value]
                         ? memory.template source_gradient<Index, Source, Value>().data
                         : nullptr)...};
}

/// `items` are the parameters of layer Index, `slopes` where their gradients go.
template <class Isa, class Net, std::size_t Index, class Items, class T, std::size_t Batch,
          class Mode, class Slopes, std::size_t First, std::size_t... More>
constexpr auto make_backward_pass(const Items& items, workspace<Net, T, Batch, Mode>& memory,
                                  Slopes&& slopes, std::size_t rows,
                                  std::index_sequence<First, More...> sources) {
  constexpr auto& wanted = workspace<Net, T, Batch, Mode>::plan.has_gradient;
  constexpr bool wants_input_gradient = wanted[First];
  const auto input_gradient = [&] {
    if constexpr (wants_input_gradient) {
      return memory.template source_gradient<Index, 0, First>(rows);
    } else {
      return none{};
    }
  }();
  const auto input_gradients = [&] {
    if constexpr (sizeof...(More) == 0) {
      return none{};
    } else {
      return gradient_pointers<Net, Index>(memory, sources,
                                           std::make_index_sequence<1 + sizeof...(More)>{});
    }
  }();
  return backward_pass<Isa, Net::shapes[First], Net::shapes[Index + 1], T, Items,
                       cache_of<Net, Index, T, Batch>, wants_input_gradient, Net::shapes[More]...>{
      items,
      slopes,
      get<Index>(memory.caches),
      memory.template value<First>(rows).as_const(),
      memory.template value<Index + 1>(rows).as_const(),
      memory.template gradient<Index + 1>(rows).as_const(),
      input_gradient,
      input_pointers(memory, sources),
      input_gradients};
}

/// Adds what layer Index wrote beside the gradient of a value that other layers take too.
template <std::size_t Index, class Memory, std::size_t... Value, std::size_t... Source>
constexpr void add_source_gradients(Memory& memory, std::size_t rows, std::index_sequence<Value...>,
                                    std::index_sequence<Source...>) {
  const auto add = [&](auto part, auto sum) {
    for (std::size_t i = 0; i < rows * sum.sample_size; ++i) {
      sum.data[i] += part.data[i];
    }
  };
  const auto add_one = [&]<std::size_t V, std::size_t S>() {
    if constexpr (Memory::plan.adds[Index][S]) {
      add(memory.template source_gradient<Index, S, V>(rows), memory.template gradient<V>(rows));
    }
  };
  (add_one.template operator()<Value, Source>(), ...);
}

} // namespace detail

/// Runs the network on the first `rows` samples of `memory.input()` and returns a view of the
/// output, which stays valid until the workspace is used again. Never more than `Batch` rows are
/// run, whatever the caller asks for. After each layer, observer(layer index, view of the layer's
/// output) is called.
///
/// `Isa` picks the kernels; the result does not depend on it but for rounding (and not at all in
/// integer networks).
///
/// The workspace is that of `Net`, or of `training_network<Net>` as in the trainers.
template <class Isa = isa::native, class Net, class T, detail::runs_as<Net> Run, std::size_t Batch,
          class Mode, class Observer = no_observer>
constexpr auto forward(const parameters<Net, T>& weights, workspace<Run, T, Batch, Mode>& memory,
                       std::size_t rows = Batch, Observer&& observer = {}) {
  rows = std::min(rows, Batch);
  for_each_index<Run::size>([&](auto index) {
    using layer_type = typename Run::template layer<index>;
    const auto pass = detail::make_forward_pass<Isa, Run, index>(
        get<detail::origin_of<Run, Net, index>()>(weights), memory, rows,
        typename Run::template sources<index>{});
    constexpr bool has_forward = requires {
      layer_type::forward(pass);
    };
    static_assert(detail::require<has_forward, layer_type, lacks::forward_of_pass>);
    layer_type::forward(pass);
    observer(index, memory.template value<index + 1>(rows).as_const());
  });
  return memory.output(rows).as_const();
}

namespace detail {

/// The constants of one layer. Those of an integer layer are an object of their own: where a kernel
/// keeps them in another layout it is not linked, whatever becomes of the other layers'.
template <class Model, std::size_t Index>
struct layer_constants {
  using items = std::remove_cvref_t<decltype(get<Index>(Model::parameters))>;
  static constexpr bool is_integer =
      std::is_same_v<value_type_of<typename Model::network>, std::int8_t>;
  static constexpr std::conditional_t<is_integer || is_none<items>, const items, const items&>
      value = get<Index>(Model::parameters);
};

} // namespace detail

/// Runs a model, that is a type with a static constexpr member `parameters`, as an exported header
/// defines it. Its parameters are constants: they stay in flash, and kernels may keep them packed
/// for the instruction set, at the price that `Policy` allows: smallest, balanced or fastest. The
/// outputs are the same for all.
template <class Model, class Policy = balanced, class Isa = isa::native, class T, std::size_t Batch,
          class Mode>
requires requires {
  Model::parameters;
}
constexpr auto forward(workspace<typename Model::network, T, Batch, Mode>& memory,
                       std::size_t rows = Batch) {
  using net = typename Model::network;
  static_assert(detail::fits_ram<sizeof(memory)>);
#if defined(__AVR__)
  static_assert(sizeof(T) == 1,
                "mote: on an AVR the parameters of a model are in flash, where only "
                "the layers of quantized networks can read them");
#endif
  rows = std::min(rows, Batch);
  for_each_index<net::size>([&](auto index) {
    using constants = detail::layer_constants<Model, index>;
    const auto pass = detail::make_forward_pass<Isa, net, index>(
        constants::value, memory, rows, typename net::template sources<index>{});
    net::template layer<index>::forward(
        constant_pass<std::remove_const_t<decltype(pass)>, constants, Policy>{pass});
  });
  return memory.output(rows).as_const();
}

/// Like `forward`, but the layers that behave differently in training do so: dropout drops.
template <class Isa = isa::native, class Net, class T, detail::runs_as<Net> Run, std::size_t Batch,
          class Mode>
constexpr auto train_forward(const parameters<Net, T>& weights,
                             workspace<Run, T, Batch, Mode>& memory, random_source& generator,
                             std::size_t rows = Batch) {
  static_assert(Mode::trains, "mote::train_forward needs a workspace whose mode trains");
  rows = std::min(rows, Batch);
  for_each_index<Run::size>([&](auto index) {
    using layer_type = typename Run::template layer<index>;
    const auto pass = detail::make_training_pass<Isa, Run, index>(
        get<detail::origin_of<Run, Net, index>()>(weights), memory, generator, rows,
        typename Run::template sources<index>{});
    if constexpr (requires { layer_type::train_forward(pass); }) {
      layer_type::train_forward(pass);
    } else {
      constexpr bool has_forward = requires {
        layer_type::forward(pass);
      };
      static_assert(detail::require<has_forward, layer_type, lacks::forward_of_pass>);
      layer_type::forward(pass);
    }
  });
  return memory.output(rows).as_const();
}

namespace detail {

/// Calls run(layer index) for each layer that has to run backwards, the last one first.
template <class Net, class T, std::size_t Batch, class Mode, class Run>
constexpr void for_each_layer_backwards(workspace<Net, T, Batch, Mode>& memory, std::size_t rows,
                                        Run&& run) {
  static_assert(Mode::trains, "mote::backward needs a workspace whose mode trains");
  for_each_index_backwards<Net::size>([&](auto index) {
    if constexpr (workspace<Net, T, Batch, Mode>::plan.has_gradient[index + 1]) {
      using sources = typename Net::template sources<index>;
      run(index);
      add_source_gradients<index>(memory, rows, sources{},
                                  std::make_index_sequence<sources::size()>{});
    }
  });
}

template <class Layer, class Pass>
constexpr void run_backwards(const Pass& pass) {
  constexpr bool has_backward = requires {
    Layer::backward(pass);
  };
  static_assert(require<has_backward, Layer, lacks::backward_of_pass>);
  Layer::backward(pass);
}

} // namespace detail

/// Fills `slopes` with the gradient of the loss by every parameter. Requires that `train_forward`
/// ran on the same rows and that the loss has written `memory.output_gradient(rows)`.
template <class Isa = isa::native, class Net, class T, detail::runs_as<Net> Run, std::size_t Batch,
          class Mode>
constexpr void backward(const parameters<Net, T>& weights, workspace<Run, T, Batch, Mode>& memory,
                        gradients<Net, T>& slopes, std::size_t rows = Batch) {
  rows = std::min(rows, Batch);
  detail::for_each_layer_backwards(memory, rows, [&](auto index) {
    constexpr std::size_t origin = detail::origin_of<Run, Net, index>();
    detail::run_backwards<typename Run::template layer<index>>(
        detail::make_backward_pass<Isa, Run, index>(get<origin>(weights), memory,
                                                    get<origin>(slopes), rows,
                                                    typename Run::template sources<index>{}));
  });
}

} // namespace mote
