#pragma once

#include <mote/layers/activation.hpp>

namespace mote {

/// The Heaviside function: y = 1 where x > 0, else 0, elementwise on any shape (McCulloch & Pitts
/// 1943). Its derivative is 0 wherever there is one, so nothing before it learns.
struct step : activation<step> {
  static constexpr const char* name = "step";
  static constexpr bool backward_reads_output = false;

  template <class T>
  static constexpr T apply(T x) {
    return x > T{0} ? T{1} : T{0};
  }
  template <class T>
  static constexpr T derivative(T, T) {
    return T{0};
  }
};

} // namespace mote
