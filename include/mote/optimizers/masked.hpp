#pragma once

#include <mote/core/storage.hpp>

#include <cstddef>

namespace mote {

/// An optimizer that leaves single weights out: those whose element of `frozen`, in the optimizer's
/// state, is true get no gradient. `get<0>(trainer.state.frozen).weights[3] = true;`
///
/// Weight decay still shrinks them, except in a weight that is 0; to keep a whole layer see
/// mote::frozen. Overwrites the gradients it is given.
template <class Optimizer>
struct masked : Optimizer {
  using value_type = decltype(Optimizer::learning_rate);

  template <class Net>
  struct state : Optimizer::template state<Net> {
    parameters<Net, bool> frozen{};
  };

  template <class Net>
  constexpr void update(parameters<Net, value_type>& weights, gradients<Net, value_type>& slopes,
                        state<Net>& memory) const {
    visit_tensors<Net>(
        [](auto, const field& description, auto& g, const auto& frozen) {
          if (description.is_trained()) {
            for (std::size_t i = 0; i < g.size; ++i) {
              g[i] = frozen[i] ? value_type{0} : g[i];
            }
          }
        },
        slopes, memory.frozen);
    Optimizer::update(weights, slopes, memory);
  }
};

} // namespace mote
