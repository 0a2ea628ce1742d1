#pragma once

#include <mote/core/math.hpp>
#include <mote/core/storage.hpp>
#include <mote/core/vector_math.hpp>
#include <mote/optimizers/rule.hpp>

namespace mote {

/// RMSProp (Tieleman & Hinton, "Neural Networks for Machine Learning", 2012, lecture 6e), as
/// PyTorch writes it without momentum: s = smoothing s + (1 - smoothing) g^2; w -= rate g /
/// (sqrt(s) + epsilon), where g includes weight_decay w. Biases do not decay.
template <class T = float>
struct rmsprop {
  static constexpr const char* name = "rmsprop";
  T learning_rate = T(0.01);
  T weight_decay = T(0);
  T smoothing = T(0.99);
  T epsilon = T(1e-8);

  template <class Net>
  struct state {
    gradients<Net, T> squares;
  };

  /// What becomes of one element, or of a register full of them.
  struct element_rule {
    T rate;
    T decay;
    T smoothing;
    T epsilon;

    template <class V>
    constexpr void operator()(V& w, V g, V& s) const {
      const V slope = g + decay * w;
      s = smoothing * s + (T{1} - smoothing) * slope * slope;
      w -= rate * slope / (math::sqrt(s) + epsilon);
    }
  };
  constexpr element_rule rule(const field& description) const {
    const T decay = description.role == role::weight ? weight_decay : T{0};
    return {learning_rate, decay, smoothing, epsilon};
  }

  template <class Net>
  constexpr void update(parameters<Net, T>& weights, const gradients<Net, T>& slopes,
                        state<Net>& memory) const {
    update_by_rule<Net>(*this, weights, slopes, memory.squares);
  }

  template <class Net, class F>
  static constexpr void visit_state(state<Net>& memory, F&& f) {
    f(memory.squares);
  }
};

} // namespace mote
