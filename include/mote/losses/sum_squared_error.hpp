#pragma once

#include <mote/losses/mean_squared_error.hpp>

namespace mote {

/// Sum over the outputs of (y - t)^2, averaged over the batch so that its size does not change the
/// step; d loss / dy = 2 (y - t) / rows.
struct sum_squared_error : elementwise_loss<sum_squared_error> {
  static constexpr const char* name = "sum squared error";
  static constexpr bool sums_outputs = true;

  template <class T>
  static constexpr T value(T y, T t) {
    return mean_squared_error::value(y, t);
  }
  template <class T>
  static constexpr T slope(T y, T t) {
    return mean_squared_error::slope(y, t);
  }
};

} // namespace mote
