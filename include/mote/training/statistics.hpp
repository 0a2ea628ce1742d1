#pragma once

#include <mote/core/storage.hpp>

#include <cstddef>

namespace mote {

/// Moves running statistics, such as those of batch_norm, a tenth of the way to what the last
/// `backward` saw (Ioffe & Szegedy, 2015, section 3.1, with a moving average). Call it once per
/// batch, after `backward`; the trainer does.
template <class Net, class T>
constexpr void update_statistics(parameters<Net, T>& weights, const gradients<Net, T>& slopes) {
  visit_tensors<Net>(
      [](auto, const field& description, auto& running, const auto& seen) {
        if (description.role == role::statistic && !description.frozen) {
          for (std::size_t i = 0; i < running.size; ++i) {
            running[i] += T(0.1) * (seen[i] - running[i]);
          }
        }
      },
      weights, slopes);
}

/// A network without gradients has no statistics either.
template <class Net, class T>
constexpr void update_statistics(parameters<Net, T>&, none) {}

} // namespace mote
