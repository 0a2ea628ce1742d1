#pragma once

#include <mote/layers/relu6.hpp>

namespace mote {

/// y = x relu6(x + 3) / 6, elementwise on any shape (Howard et al., "Searching for MobileNetV3",
/// 2019, section 5.2). dy/dx = (2 x + 3) / 6 between the kinks at -3 and 3, 0 before, 1 after.
/// In int8 a table of the nearest codes, which TensorFlow Lite's kernel may miss by one.
struct hard_swish : activation<hard_swish> {
  static constexpr const char* name = "hard_swish";
  static constexpr bool rectifies = true;
  static constexpr bool backward_reads_input = true; // y has each negative value twice
  static constexpr bool backward_reads_output = false;

  template <class T>
  static constexpr T apply(T x) {
    return x * (relu6::apply(x + T{3}) / T{6});
  }
  template <class T>
  static constexpr T derivative(T x, T) {
    return x > T{-3} ? (x < T{3} ? (T{2} * x + T{3}) / T{6} : T{1}) : T{0};
  }
};

} // namespace mote
