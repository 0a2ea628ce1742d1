// Learning-rate schedules: functions of the training's progress from 0 to 1, as small types.
#pragma once

#include <mote/core/math.hpp>

namespace mote::schedules {

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

} // namespace mote::schedules
