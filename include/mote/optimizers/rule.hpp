// Optimizers that treat all elements alike: what they do to one is their `rule`.
#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/storage.hpp>

#include <cstddef>

namespace mote {

/// rule(w, g, m...) for every element of a parameter tensor, its gradient and its state.
template <class Rule, class Weights, class Slopes, class... Memory>
constexpr void apply_rule(const Rule& rule, Weights& w, const Slopes& g, Memory&... m) {
  for (std::size_t i = 0; i < w.size; ++i) {
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
