#pragma once

#include <mote/core/math.hpp>
#include <mote/core/storage.hpp>

#include <cstddef>

namespace mote {

/// How weight decay enters Adam.
enum class decay {
  decoupled,  ///< AdamW: shrinks the weights themselves (Loshchilov & Hutter 2019, algorithm 2)
  in_gradient ///< Adam with L2: added to the gradient before the moments
};

/// Adam (Kingma & Ba 2015, algorithm 1), with decoupled weight decay unless told otherwise (AdamW).
/// Biases do not decay.
template <class T = float>
struct adam {
  static constexpr const char* name = "adam";
  T learning_rate = T(0.001);
  T weight_decay = T(0);
  T beta1 = T(0.9);
  T beta2 = T(0.999);
  T epsilon = T(1e-8);
  mote::decay decay = mote::decay::decoupled;

  template <class Net>
  struct state {
    gradients<Net, T> mean;
    gradients<Net, T> variance;
    T beta1_power = T(1); ///< beta1 to the number of steps taken
    T beta2_power = T(1);
  };

  template <class Net>
  constexpr void update(parameters<Net, T>& weights, const gradients<Net, T>& slopes,
                        state<Net>& memory) const {
    memory.beta1_power *= beta1;
    memory.beta2_power *= beta2;
    const T mean_correction = T{1} / (T{1} - memory.beta1_power);
    const T variance_correction = T{1} / (T{1} - memory.beta2_power);
    const bool decoupled = decay == mote::decay::decoupled;
    visit_tensors<Net>(
        [&](auto, const field& description, auto& w, const auto& g, auto& m, auto& v) {
          if (!description.is_trained()) {
            return;
          }
          const T decay_rate = description.role == role::weight ? weight_decay : T{0};
          for (std::size_t i = 0; i < w.size; ++i) {
            const T slope = decoupled ? g[i] : g[i] + decay_rate * w[i];
            m[i] = beta1 * m[i] + (T{1} - beta1) * slope;
            v[i] = beta2 * v[i] + (T{1} - beta2) * slope * slope;
            const T step =
                m[i] * mean_correction / (math::sqrt(v[i] * variance_correction) + epsilon);
            w[i] -= learning_rate * (decoupled ? step + decay_rate * w[i] : step);
          }
        },
        weights, slopes, memory.mean, memory.variance);
  }
};

} // namespace mote
