#pragma once

#include <mote/core/math.hpp>
#include <mote/core/storage.hpp>

#include <cstddef>

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

  template <class Net>
  constexpr void update(parameters<Net, T>& weights, const gradients<Net, T>& slopes,
                        state<Net>& memory) const {
    visit_tensors<Net>(
        [&](auto, const field& description, auto& w, const auto& g, auto& s) {
          if (!description.is_trained()) {
            return;
          }
          const T decay = description.role == role::weight ? weight_decay : T{0};
          for (std::size_t i = 0; i < w.size; ++i) {
            const T slope = g[i] + decay * w[i];
            s[i] = smoothing * s[i] + (T{1} - smoothing) * slope * slope;
            w[i] -= learning_rate * slope / (math::sqrt(s[i]) + epsilon);
          }
        },
        weights, slopes, memory.squares);
  }
};

} // namespace mote
