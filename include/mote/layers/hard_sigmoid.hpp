#pragma once

#include <mote/layers/relu6.hpp>

namespace mote {

/// y = relu6(x + 3) / 6, elementwise on any shape: a sigmoid of straight lines (Howard et al.,
/// "Searching for MobileNetV3", 2019, section 5.2; PyTorch's Hardsigmoid, Keras 3's hard_sigmoid).
/// dy/dx = 1/6 between the kinks at -3 and 3, else 0.
struct hard_sigmoid : activation<hard_sigmoid> {
  static constexpr const char* name = "hard_sigmoid";

  template <class T>
  static constexpr T apply(T x) {
    return relu6::apply(x + T{3}) / T{6};
  }
  template <class T>
  static constexpr T derivative(T, T y) {
    return y > T{0} && y < T{1} ? T{1} / T{6} : T{0};
  }
};

} // namespace mote
