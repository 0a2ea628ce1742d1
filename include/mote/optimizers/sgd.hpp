#pragma once

#include <mote/core/storage.hpp>
#include <mote/optimizers/rule.hpp>

namespace mote {

/// Stochastic gradient descent without memory: w -= rate (g + weight_decay w). Biases do not decay.
template <class T = float>
struct sgd {
  static constexpr const char* name = "sgd";
  T learning_rate = T(0.1);
  T weight_decay = T(0);

  template <class Net>
  struct state {};

  /// What becomes of one element, or of a register full of them.
  struct element_rule {
    T rate;
    T decay;

    template <class V>
    constexpr void operator()(V& w, V g) const {
      w -= rate * (g + decay * w);
    }
    /// Whether there is nothing to do where the gradient is zero, see sparse_dense.
    constexpr bool is_idle_at_zero() const { return decay == T{0}; }
  };
  constexpr element_rule rule(const field& description) const {
    return {learning_rate, description.role == role::weight ? weight_decay : T{0}};
  }

  template <class Net>
  constexpr void update(parameters<Net, T>& weights, const gradients<Net, T>& slopes,
                        state<Net>&) const {
    update_by_rule<Net>(*this, weights, slopes);
  }

  template <class Net, class F>
  static constexpr void visit_state(state<Net>&, F&& f) {
    f();
  }
};

/// SGD with momentum: v = momentum v + g + weight_decay w; w -= rate v (Polyak 1964), or with
/// Nesterov's look-ahead w -= rate (g + weight_decay w + momentum v) (Sutskever et al. 2013, as
/// PyTorch writes it).
template <class T = float>
struct momentum_sgd {
  static constexpr const char* name = "sgd with momentum";
  T learning_rate = T(0.1);
  T momentum = T(0.9);
  T weight_decay = T(0);
  bool nesterov = false;

  template <class Net>
  struct state {
    gradients<Net, T> velocity;
  };

  /// What becomes of one element, or of a register full of them.
  struct element_rule {
    T rate;
    T momentum;
    T decay;
    bool nesterov;

    template <class V>
    constexpr void operator()(V& w, V g, V& v) const {
      const V slope = g + decay * w;
      v = momentum * v + slope;
      w -= rate * (nesterov ? slope + momentum * v : v);
    }
  };
  constexpr element_rule rule(const field& description) const {
    return {learning_rate, momentum, description.role == role::weight ? weight_decay : T{0},
            nesterov};
  }

  template <class Net>
  constexpr void update(parameters<Net, T>& weights, const gradients<Net, T>& slopes,
                        state<Net>& memory) const {
    update_by_rule<Net>(*this, weights, slopes, memory.velocity);
  }

  template <class Net, class F>
  static constexpr void visit_state(state<Net>& memory, F&& f) {
    f(memory.velocity);
  }
};

} // namespace mote
