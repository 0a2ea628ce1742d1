#pragma once

#include <mote/core/math.hpp>
#include <mote/core/storage.hpp>
#include <mote/core/vector_math.hpp>
#include <mote/optimizers/rule.hpp>

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
    const step_of_all step{*this, T{1} / (T{1} - memory.beta1_power),
                           T{1} / (T{1} - memory.beta2_power)};
    update_by_rule<Net>(step, weights, slopes, memory.mean, memory.variance);
  }

private:
  /// What becomes of one element, or of a register full of them.
  struct element_rule {
    const adam& optimizer;
    T mean_correction;
    T variance_correction;
    T decay_rate;

    template <class V>
    constexpr void operator()(V& w, V g, V& m, V& v) const {
      const bool decoupled = optimizer.decay == mote::decay::decoupled;
      const V slope = decoupled ? g : g + decay_rate * w;
      m = optimizer.beta1 * m + (T{1} - optimizer.beta1) * slope;
      v = optimizer.beta2 * v + (T{1} - optimizer.beta2) * slope * slope;
      const V step =
          m * mean_correction / (math::sqrt(v * variance_correction) + optimizer.epsilon);
      w -= optimizer.learning_rate * (decoupled ? step + decay_rate * w : step);
    }
  };

  /// The corrections of the moments belong to a step, so this has the rules, and not the optimizer.
  struct step_of_all {
    const adam& optimizer;
    T mean_correction;
    T variance_correction;

    constexpr element_rule rule(const field& description) const {
      return {optimizer, mean_correction, variance_correction,
              description.role == role::weight ? optimizer.weight_decay : T{0}};
    }
  };
};

} // namespace mote
