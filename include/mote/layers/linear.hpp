#pragma once

#include <mote/layers/activation.hpp>

namespace mote {

/// y = x: says in the list that a layer has no activation. Costs nothing: training sees a view and
/// inference leaves it out. (`identity` is the function alone, without a layer.)
struct linear : activation<linear> {
  static constexpr const char* name = "linear";
  static constexpr mote::aliasing aliasing = mote::aliasing::view;
  static constexpr bool backward_reads_output = false;
  static constexpr bool training_only = true;
  static constexpr bool never_decreases = true;

  template <class T>
  static constexpr T apply(T x) {
    return x;
  }
  template <class T>
  static constexpr T derivative(T, T) {
    return T{1};
  }

  template <class Pass>
  static constexpr void forward(const Pass&) {}

  template <class Pass>
  static constexpr void backward(const Pass&) {}
};

} // namespace mote
