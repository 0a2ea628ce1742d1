#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/run.hpp>
#include <mote/core/storage.hpp>
#include <mote/optimizers/rule.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>

namespace mote {

namespace detail {

/// Whether backward_update is the layer's own: a layer that inherits from one that has it may do
/// more on the way back, as penalized<> does.
template <class Layer>
concept updates_itself = requires {
  requires std::same_as<typename Layer::updates_itself, Layer>;
};

/// What a layer that updates itself is handed beside its backward_pass.
template <class Optimizer, class Items, class... States>
struct layer_update {
  const Optimizer& optimizer;
  Items& items;
  std::tuple<States&...> states;

  /// Calls f(field, rule, tensor, tensors of the state...) for each tensor that is trained.
  template <class F>
  constexpr void visit(F&& f) const {
    std::apply(
        [&](auto&... records) {
          Items::visit(
              [&](const field& description, auto& w, auto&... m) {
                if (description.is_trained()) {
                  f(description, optimizer.rule(description), w, m...);
                }
              },
              items, records...);
        },
        states);
  }
};

template <class Net>
constexpr bool all_update_themselves() {
  bool result = true;
  for_each_index<Net::size>([&](auto index) {
    using layer_type = typename Net::template layer<index>;
    result = result && (is_none<items_of<Net, index, float>> || updates_itself<layer_type>);
  });
  return result;
}

} // namespace detail

/// An optimizer that changes each layer's weights as soon as the gradient is known: `sgd`,
/// `momentum_sgd`, `adagrad` or `rmsprop`. Dense layers do so while the gradient is in a register,
/// and need no memory for it. The weights are those of the optimizer by itself, but for rounding.
///
/// `Optimizer` has to define `rule(field)`, a function of an element, its gradient and its state,
/// and `visit_state(state, f)`, which calls f with the records of that state; see sgd.hpp.
template <class Optimizer>
struct fused_update : Optimizer {
  /// Where gradients go in the meantime: nowhere if all layers of the network update themselves.
  template <class Net, class T>
  using slopes = std::conditional_t<detail::all_update_themselves<Net>(), none, gradients<Net, T>>;

  /// The way back and the update. Requires what mote::backward does. `between` is memory without a
  /// meaning to the caller.
  template <class Isa = isa::native, class Net, class T, detail::runs_as<Net> Run,
            std::size_t Batch, class Mode>
  constexpr void backward(parameters<Net, T>& weights, workspace<Run, T, Batch, Mode>& memory,
                          slopes<Net, T>& between, typename Optimizer::template state<Net>& kept,
                          std::size_t rows = Batch) const {
    rows = std::min(rows, Batch);
    Optimizer::visit_state(kept, [&](auto&... records) {
      detail::for_each_layer_backwards(memory, rows, [&](auto index) {
        using layer_type = typename Run::template layer<index>;
        using items = detail::items_of<Run, index, T>;
        constexpr std::size_t origin = detail::origin_of<Run, Net, index>();
        const auto pass_to = [&](auto&& gradient) {
          return detail::make_backward_pass<Isa, Run, index>(
              get<origin>(weights), memory, gradient, rows,
              typename Run::template sources<index>{});
        };
        if constexpr (is_none<items>) {
          detail::run_backwards<layer_type>(pass_to(none{}));
        } else if constexpr (detail::updates_itself<layer_type>) {
          // There is no gradient: the pass names the parameters once more in its place.
          auto& tensors = get<origin>(weights);
          layer_type::backward_update(
              pass_to(tensors),
              detail::layer_update<fused_update, items,
                                   std::remove_reference_t<decltype(get<origin>(records))>...>{
                  *this, tensors, {get<origin>(records)...}});
        } else {
          detail::run_backwards<layer_type>(pass_to(get<origin>(between)));
          items::visit(
              [&](field description, auto& w, const auto& g, auto&... m) {
                description.frozen = layer_type::is_frozen;
                if (description.is_trained()) {
                  apply_rule(this->rule(description), w, g, m...);
                }
              },
              get<origin>(weights), get<origin>(between), get<origin>(records)...);
        }
      });
    });
  }
};

} // namespace mote
