#pragma once

#include <mote/core/storage.hpp>

#include <cstddef>

namespace mote {

/// The exponential moving average of a network's parameters, which often scores better than the
/// last ones: a = decay a + (1 - decay) w after each step (Polyak & Juditsky, "Acceleration of
/// Stochastic Approximation by Averaging", 1992, in the exponential form of Szegedy et al. 2016,
/// section 8). The first update copies, so that no start value fades slowly.
template <class Net, class T = value_type_of<Net>>
struct moving_average {
  T decay = T(0.999);
  mote::parameters<Net, T> parameters{};
  bool started = false;

  /// Takes in the parameters after a step. What is not trained is copied.
  constexpr void update(const mote::parameters<Net, T>& weights) {
    visit_tensors<Net>(
        [&](auto, const field& description, auto& average, const auto& w) {
          if (!started || !description.is_trained()) {
            average = w;
            return;
          }
          for (std::size_t i = 0; i < w.size; ++i) {
            average[i] += (T{1} - decay) * (w[i] - average[i]);
          }
        },
        parameters, weights);
    started = true;
  }
};

} // namespace mote
