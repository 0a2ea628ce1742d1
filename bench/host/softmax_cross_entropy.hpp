// The loss for libraries that have matrix products or layers but no losses.
#pragma once

#include "peer.hpp"

#include <algorithm>
#include <cmath>

namespace bench {

/// The mean over the batch of log(sum_j e^z_j) - z_label, and its gradient
/// (softmax(z) - onehot(label)) / batch. Arrays are [batch][classes].
inline float softmax_cross_entropy(std::size_t batch, const float* logits,
                                   const std::uint8_t* labels, float* gradient) {
  const float share = 1.0f / static_cast<float>(batch);
  float total = 0.0f;
  for (std::size_t row = 0; row < batch; ++row) {
    const float* z = logits + row * classes;
    float* slope = gradient + row * classes;
    const float largest = *std::max_element(z, z + classes);
    float sum = 0.0f;
    for (std::size_t c = 0; c < classes; ++c) {
      slope[c] = std::exp(z[c] - largest);
      sum += slope[c];
    }
    for (std::size_t c = 0; c < classes; ++c) {
      slope[c] *= share / sum;
    }
    slope[labels[row]] -= share;
    total += std::log(sum) + largest - z[labels[row]];
  }
  return total * share;
}

} // namespace bench
