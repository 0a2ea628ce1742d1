// Optimizers that treat all elements alike: what they do to one is their `rule`.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/storage.hpp>
#include <mote/kernels/vector/update.hpp>

#include <cstddef>
#include <type_traits>

namespace mote {

/// rule(w, g, m...) for every element of a parameter tensor, its gradient and its state: as many at
/// once as a register holds, if there are such registers, then one by one.
template <class Rule, class Weights, class Slopes, class... Memory>
constexpr void apply_rule(const Rule& rule, Weights& w, const Slopes& g, Memory&... m) {
  std::size_t first = 0;
  if constexpr (isa::has_registers<isa::native>) {
    if (!std::is_constant_evaluated()) {
      using T = typename Weights::value_type;
      constexpr std::size_t lanes = isa::register_bytes_of<isa::native> / sizeof(T);
      constexpr std::size_t whole = Weights::size - Weights::size % lanes;
      for (std::size_t i = 0; i < whole; i += lanes) {
        kernels::update_elements<lanes, T, lanes>(i, kernels::load<T, lanes>(g.data() + i), rule,
                                                  w.data(), m.data()...);
      }
      first = whole;
    }
  }
  for (std::size_t i = first; i < w.size; ++i) {
    rule(w[i], g[i], m[i]...);
  }
}

/// The same for all tensors that are trained, each by optimizer.rule(field).
template <class Net, class Optimizer, class Weights, class Slopes, class... Memory>
constexpr void update_by_rule(const Optimizer& optimizer, Weights& weights, const Slopes& slopes,
                              Memory&... memory) {
  visit_tensors<Net>(
      [&](auto, const field& description, auto& w, const auto& g, auto&... m) {
        if (description.is_trained()) {
          apply_rule(optimizer.rule(description), w, g, m...);
        }
      },
      weights, slopes, memory...);
}

} // namespace mote
