// Learning-rate schedules: functions of the training's progress from 0 to 1, as small types. They
// give a factor for the highest learning rate.
#pragma once

#include <mote/core/math.hpp>

#include <cstddef>

namespace mote::schedules {

namespace detail {

/// From `first` at 0 to `last` at 1 along half a wave of a cosine.
template <class T>
constexpr T half_wave(T first, T last, T progress) {
  return last + (first - last) / T{2} * (T{1} + math::cos(T(3.14159265358979324) * progress));
}

/// How far `progress` is between `first` and `last`; 1 when they are the same.
template <class T>
constexpr T part(T progress, T first, T last) {
  return first < last ? (progress - first) / (last - first) : T{1};
}

} // namespace detail

struct constant {
  template <class T>
  constexpr T operator()(T) const {
    return T{1};
  }
};

/// Rises from 0 to 1 over the first `warm_up` of the training, then falls linearly to 0.
struct linear {
  float warm_up = 0.0f;

  template <class T>
  constexpr T operator()(T progress) const {
    const T rise = static_cast<T>(warm_up);
    if (progress < rise) {
      return progress / rise;
    }
    return rise < T{1} ? (T{1} - progress) / (T{1} - rise) : T{1};
  }
};

/// Divides the training into `parts` of equal length and multiplies by `factor` from one to the
/// next.
struct steps {
  std::size_t parts = 3;
  float factor = 0.1f;

  template <class T>
  constexpr T operator()(T progress) const {
    T result{1};
    for (std::size_t part = 1; part < parts; ++part) {
      if (progress * static_cast<T>(parts) >= static_cast<T>(part)) {
        result *= static_cast<T>(factor);
      }
    }
    return result;
  }
};

/// Rises linearly from 0 to 1 over the first `warm_up` of the training, then falls to `last` along
/// half a wave of a cosine (Loshchilov & Hutter, "SGDR", 2017, equation 5, without restarts).
struct cosine {
  float warm_up = 0.0f;
  float last = 0.0f;

  template <class T>
  constexpr T operator()(T progress) const {
    const T rise = static_cast<T>(warm_up);
    if (progress < rise) {
      return progress / rise;
    }
    // All warm-up ends at 1.
    return rise < T{1}
               ? detail::half_wave(T{1}, static_cast<T>(last), detail::part(progress, rise, T{1}))
               : T{1};
  }
};

/// One cycle (Smith & Topin, "Super-Convergence", 2018; the form and the numbers of PyTorch's
/// OneCycleLR): from `first` up to 1 over the first `rise` of the training and from there down to
/// `last`, both along half a wave of a cosine.
struct one_cycle {
  float rise = 0.3f;
  float first = 1.0f / 25.0f;
  float last = 1.0f / 250'000.0f;

  template <class T>
  constexpr T operator()(T progress) const {
    const T top = static_cast<T>(rise);
    return progress < top
               ? detail::half_wave(static_cast<T>(first), T{1}, detail::part(progress, T{0}, top))
               : detail::half_wave(T{1}, static_cast<T>(last), detail::part(progress, top, T{1}));
  }
};

} // namespace mote::schedules
