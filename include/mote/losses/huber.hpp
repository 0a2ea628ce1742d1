#pragma once

#include <mote/core/math.hpp>
#include <mote/losses/elementwise.hpp>

#include <cstddef>

namespace mote {

/// Mean over batch and outputs of d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2), with
/// d = y - t and delta = Numerator / Denominator (Huber, "Robust Estimation of a Location
/// Parameter", 1964): outliers pull no harder than delta. d loss / dy = d kept within
/// [-delta, delta], over rows * outputs.
template <std::size_t Numerator = 1, std::size_t Denominator = 1>
struct huber : elementwise_loss<huber<Numerator, Denominator>> {
  static_assert(Numerator > 0 && Denominator > 0, "mote::huber: delta must be positive");
  static constexpr const char* name = "Huber";

  template <class T>
  static constexpr T value(T y, T t) {
    const T distance = math::absolute(y - t);
    return distance <= delta<T> ? distance * distance / T{2}
                                : delta<T> * (distance - delta<T> / T{2});
  }
  template <class T>
  static constexpr T slope(T y, T t) {
    const T difference = y - t;
    return difference > delta<T> ? delta<T> : (difference < -delta<T> ? -delta<T> : difference);
  }

private:
  template <class T>
  static constexpr T delta = static_cast<T>(Numerator) / static_cast<T>(Denominator);
};

} // namespace mote
