#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>

namespace mote {

/// Any shape to the vector of the same elements in the same order. Costs nothing: it is a view.
struct flatten : layer {
  static constexpr const char* name = "flatten";
  static constexpr mote::aliasing aliasing = mote::aliasing::view;

  template <class Rounding>
  using quantized = flatten;

  static constexpr shape output(const shape& in) { return shape{in.size()}; }

  static constexpr affine output_affine(const affine& in, const range&) { return in; }

  template <class Pass>
  static constexpr void forward(const Pass&) {}

  template <class Pass>
  static constexpr void backward(const Pass&) {}
};

} // namespace mote
