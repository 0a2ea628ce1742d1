#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>

namespace mote {

namespace detail {

/// A layer that only looks at the same elements in another shape.
struct reshaping : layer {
  static constexpr mote::aliasing aliasing = mote::aliasing::view;
  static constexpr bool keeps_mapping = true;

  template <class Pass>
  static constexpr void forward(const Pass&) {}

  template <class Pass>
  static constexpr void backward(const Pass&) {}
};

} // namespace detail

/// Any shape to the vector of the same elements in the same order. Costs nothing: it is a view.
struct flatten : detail::reshaping {
  static constexpr const char* name = "flatten";

  template <class Rounding>
  using quantized = flatten;

  static constexpr shape output(const shape& in) { return shape{in.size()}; }
};

} // namespace mote
