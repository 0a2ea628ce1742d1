// What an optimizer's rule does to parameters, in registers.
#pragma once

#include <mote/kernels/vector/vector.hpp>

#include <cstddef>

namespace mote::kernels {

/// rule(w, slope, m...) for the first `Count` lanes of `slope` and the parameters, and what the
/// optimizer keeps for them, from element `at` on.
template <std::size_t Count, class T, std::size_t Lanes, class Rule, class... Memory>
[[gnu::always_inline]] inline void update_elements(std::size_t at, vector<T, Lanes> slope,
                                                   const Rule& rule, T* weights,
                                                   Memory*... memory) {
  vector<T, Lanes> w = load<T, Lanes, Count>(weights + at);
  [&](auto... m) __attribute__((always_inline)) {
    rule(w, slope, m...);
    (store<T, Lanes, Count>(memory + at, m), ...);
  }
  (load<T, Lanes, Count>(memory + at)...);
  store<T, Lanes, Count>(weights + at, w);
}

} // namespace mote::kernels
