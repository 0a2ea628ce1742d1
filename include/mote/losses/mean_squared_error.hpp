#pragma once

#include <mote/losses/elementwise.hpp>

namespace mote {

/// Mean over batch and outputs of (y - t)^2; d loss / dy = 2 (y - t) / (rows outputs).
struct mean_squared_error : elementwise_loss<mean_squared_error> {
  static constexpr const char* name = "mean squared error";

  template <class T>
  static constexpr T value(T y, T t) {
    return (y - t) * (y - t);
  }
  template <class T>
  static constexpr T slope(T y, T t) {
    return T{2} * (y - t);
  }
};

} // namespace mote
