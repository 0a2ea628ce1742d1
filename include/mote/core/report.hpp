// What a network costs, per layer and in total, known before it runs.
#pragma once

#include <mote/core/network.hpp>
#include <mote/core/passes.hpp>
#include <mote/core/run.hpp>
#include <mote/core/storage.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote {

struct layer_report {
  const char* name = "";
  shape input;
  shape output;
  std::size_t parameters = 0;  ///< elements of weights and biases
  std::size_t macs = 0;        ///< multiply-accumulates for one sample
  std::size_t flash_bytes = 0; ///< of the parameters
  std::size_t ram_bytes = 0;   ///< of the output, were it alone in memory
};

template <std::size_t Layers>
struct network_report {
  std::array<layer_report, Layers> layers{};
  std::size_t parameters = 0;
  std::size_t macs = 0;
  /// sizeof the parameters: what a constant model takes in flash.
  std::size_t flash_bytes = 0;
  /// sizeof the workspace: input, activations and output share it, so it is less than their sum.
  /// When `Mode` trains, of the trainer's, whose network is training_network<Net>.
  std::size_t ram_bytes = 0;
};

namespace detail {

template <class Net>
struct defer_quantized {
  using type = quantized<Net>;
};

template <class Items>
constexpr std::size_t count_elements() {
  std::size_t count = 0;
  unmade<Items> holder{};
  Items::visit(
      [&]<class Tensor>(const field& description, Tensor&) {
        count +=
            description.role == role::weight || description.role == role::bias ? Tensor::size : 0;
      },
      holder.items);
  return count;
}

template <class Net, class T, std::size_t Batch, class Mode>
constexpr auto make_report() {
  network_report<Net::size> result;
  for_each_index<Net::size>([&](auto index) {
    using layer_type = typename Net::template layer<index>;
    using items = typename layer_type::template parameters<Net::inputs[index], T>;
    layer_report& entry = result.layers[index];
    entry.name = layer_type::name;
    entry.input = Net::inputs[index];
    entry.output = Net::shapes[index + 1];
    entry.macs = layer_type::macs(Net::inputs[index]);
    entry.ram_bytes = Net::shapes[index + 1].size() * Batch * sizeof(T);
    if constexpr (!is_none<items>) {
      entry.flash_bytes = sizeof(items);
      entry.parameters = count_elements<items>();
    }
    result.parameters += entry.parameters;
    result.macs += entry.macs;
  });
  result.flash_bytes = sizeof(parameters<Net, T>);
  if constexpr (Mode::trains) {
    result.ram_bytes = sizeof(workspace<training_network<Net>, T, Batch, Mode>);
  } else {
    result.ram_bytes = sizeof(workspace<Net, T, Batch, Mode>);
  }
  return result;
}

/// What `Net` is called in arithmetic `T`: a real network asked for in int8 is meant quantized.
template <class Net, class T>
using network_in = typename std::conditional_t<std::is_same_v<T, std::int8_t> &&
                                                   !std::is_same_v<value_type_of<Net>, T>,
                                               defer_quantized<Net>, std::type_identity<Net>>::type;

} // namespace detail

/// The report of a network: `report<Net>.flash_bytes`. `T` is the arithmetic, `Mode` what the
/// workspace is for. `report<Net, std::int8_t>` reports the quantized form of `Net`.
template <class Net, class T = value_type_of<Net>, std::size_t Batch = 1, class Mode = inference>
inline constexpr auto report = detail::make_report<detail::network_in<Net, T>, T, Batch, Mode>();

namespace detail {

template <class Model, class Policy, class Isa>
constexpr auto make_model_report() {
  using net = typename Model::network;
  auto result = make_report<net, value_type_of<net>, 1, inference>();
  result.flash_bytes = 0;
  for_each_index<net::size>([&](auto index) {
    layer_report& entry = result.layers[index];
    entry.flash_bytes =
        net::template layer<index>::template constant_bytes<net::inputs[index], Isa, Policy,
                                                            layer_constants<Model, index>>();
    result.flash_bytes += entry.flash_bytes;
  });
  return result;
}

} // namespace detail

/// The report of a model as `forward<Model, Policy, Isa>` runs it: with the bytes of flash that the
/// constants take as the kernels keep them.
template <class Model, class Policy = balanced, class Isa = isa::native>
inline constexpr auto model_report = detail::make_model_report<Model, Policy, Isa>();

} // namespace mote
