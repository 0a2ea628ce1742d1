#pragma once

#include <mote/core/storage.hpp>

#include <cstddef>

namespace mote {

/// Stochastic gradient descent without memory: w -= rate (g + weight_decay w). Biases do not decay.
template <class T = float>
struct sgd {
  static constexpr const char* name = "sgd";
  T learning_rate = T(0.1);
  T weight_decay = T(0);

  template <class Net>
  struct state {};

  template <class Net>
  constexpr void update(parameters<Net, T>& weights, const gradients<Net, T>& slopes,
                        state<Net>&) const {
    visit_tensors<Net>(
        [&](auto, const field& description, auto& w, const auto& g) {
          if (!description.is_trained()) {
            return;
          }
          const T decay = description.role == role::weight ? weight_decay : T{0};
          for (std::size_t i = 0; i < w.size; ++i) {
            w[i] -= learning_rate * (g[i] + decay * w[i]);
          }
        },
        weights, slopes);
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

  template <class Net>
  constexpr void update(parameters<Net, T>& weights, const gradients<Net, T>& slopes,
                        state<Net>& memory) const {
    visit_tensors<Net>(
        [&](auto, const field& description, auto& w, const auto& g, auto& v) {
          if (!description.is_trained()) {
            return;
          }
          const T decay = description.role == role::weight ? weight_decay : T{0};
          for (std::size_t i = 0; i < w.size; ++i) {
            const T slope = g[i] + decay * w[i];
            v[i] = momentum * v[i] + slope;
            w[i] -= learning_rate * (nesterov ? slope + momentum * v[i] : v[i]);
          }
        },
        weights, slopes, memory.velocity);
  }
};

} // namespace mote
