// Running a network: forward, forward while training, backward.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/network.hpp>
#include <mote/core/pass.hpp>
#include <mote/core/random.hpp>
#include <mote/core/storage.hpp>

#include <algorithm>
#include <cstddef>

namespace mote {

/// Sees nothing; the default observer of `forward`.
struct no_observer {
  template <class Index, class View>
  constexpr void operator()(Index, View) const {}
};

/// Runs the network on the first `rows` samples of `memory.input()` and returns a view of the
/// output, which stays valid until the workspace is used again. Never more than `Batch` rows are
/// run, whatever the caller asks for. After each layer, observer(layer index, view of the layer's
/// output) is called.
///
/// `Isa` picks the kernels; the result does not depend on it but for rounding (and not at all in
/// integer networks).
template <class Isa = isa::native, class Net, class T, std::size_t Batch, class Mode,
          class Observer = no_observer>
constexpr auto forward(const parameters<Net, T>& weights, workspace<Net, T, Batch, Mode>& memory,
                       std::size_t rows = Batch, Observer&& observer = {}) {
  rows = std::min(rows, Batch);
  for_each_index<Net::size>([&](auto index) {
    using layer_type = typename Net::template layer<index>;
    constexpr shape in = Net::shapes[index];
    constexpr shape out = Net::shapes[index + 1];
    using items = typename layer_type::template parameters<in, T>;
    const auto input = memory.template value<index>(rows).as_const();
    const auto output = memory.template value<index + 1>(rows);
    layer_type::forward(forward_pass<Isa, in, out, T, items>{get<index>(weights), input, output});
    observer(index, output.as_const());
  });
  return memory.output(rows).as_const();
}

/// Runs a model, that is a type with a static constexpr member `parameters`, as an exported header
/// defines it. Its parameters are constants: they stay in flash and kernels may rely on their
/// values.
template <class Model, class Isa = isa::native, class T, std::size_t Batch, class Mode>
requires requires {
  Model::parameters;
}
constexpr auto forward(workspace<typename Model::network, T, Batch, Mode>& memory,
                       std::size_t rows = Batch) {
  return forward<Isa>(Model::parameters, memory, rows);
}

/// Like `forward`, but the layers that behave differently in training do so: dropout drops.
template <class Isa = isa::native, class Net, class T, std::size_t Batch, class Mode>
constexpr auto train_forward(const parameters<Net, T>& weights,
                             workspace<Net, T, Batch, Mode>& memory, random_source& generator,
                             std::size_t rows = Batch) {
  static_assert(Mode::trains, "mote::train_forward needs a workspace whose mode trains");
  rows = std::min(rows, Batch);
  for_each_index<Net::size>([&](auto index) {
    using layer_type = typename Net::template layer<index>;
    constexpr shape in = Net::shapes[index];
    constexpr shape out = Net::shapes[index + 1];
    using items = typename layer_type::template parameters<in, T>;
    using cache = typename layer_type::template cache<in, T, Batch>;
    const auto input = memory.template value<index>(rows).as_const();
    const auto output = memory.template value<index + 1>(rows);
    const training_pass<Isa, in, out, T, items, cache> pass{
        {get<index>(weights), input, output}, get<index>(memory.caches), generator};
    if constexpr (requires { layer_type::train_forward(pass); }) {
      layer_type::train_forward(pass);
    } else {
      layer_type::forward(pass);
    }
  });
  return memory.output(rows).as_const();
}

/// Fills `slopes` with the gradient of the loss by every parameter. Requires that `train_forward`
/// ran on the same rows and that the loss has written `memory.output_gradient(rows)`.
template <class Isa = isa::native, class Net, class T, std::size_t Batch, class Mode>
constexpr void backward(const parameters<Net, T>& weights, workspace<Net, T, Batch, Mode>& memory,
                        gradients<Net, T>& slopes, std::size_t rows = Batch) {
  static_assert(Mode::trains, "mote::backward needs a workspace whose mode trains");
  rows = std::min(rows, Batch);
  constexpr std::size_t first_gradient = workspace<Net, T, Batch, Mode>::plan.first_gradient;
  for_each_index_backwards<Net::size>([&](auto index) {
    using layer_type = typename Net::template layer<index>;
    constexpr shape in = Net::shapes[index];
    constexpr shape out = Net::shapes[index + 1];
    using items = typename layer_type::template parameters<in, T>;
    using cache = typename layer_type::template cache<in, T, Batch>;
    if constexpr (index + 1 >= first_gradient) {
      constexpr bool wants_input_gradient = index >= first_gradient;
      const auto input_gradient = [&] {
        if constexpr (wants_input_gradient) {
          return memory.template gradient<index>(rows);
        } else {
          return none{};
        }
      }();
      layer_type::backward(backward_pass<Isa, in, out, T, items, cache, wants_input_gradient>{
          get<index>(weights), get<index>(slopes), get<index>(memory.caches),
          memory.template value<index>(rows).as_const(),
          memory.template value<index + 1>(rows).as_const(),
          memory.template gradient<index + 1>(rows).as_const(), input_gradient});
    }
  });
}

} // namespace mote
