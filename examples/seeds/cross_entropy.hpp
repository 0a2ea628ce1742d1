// The cross-entropy of texts 003: of probabilities, with one-hot targets.
#pragma once

#include <mote/core/tensor.hpp>

#include <cmath>
#include <cstddef>

namespace seeds {

/// -sum of t ln(y + 1e-7), averaged over the batch. The 1e-7 is there so that the logarithm of 0 is
/// not asked for. Gives no gradient: text 003 differentiates numerically.
struct cross_entropy {
  static constexpr const char* name = "cross-entropy";

  template <class T, std::size_t Size>
  static T evaluate(mote::batch_view<const T, Size> y, mote::batch_view<const T, Size> t) {
    T total{0};
    for (std::size_t row = 0; row < y.rows; ++row) {
      for (std::size_t i = 0; i < Size; ++i) {
        total += t[row][i] * std::log(y[row][i] + T(1e-7));
      }
    }
    return -total / static_cast<T>(y.rows);
  }
};

} // namespace seeds
