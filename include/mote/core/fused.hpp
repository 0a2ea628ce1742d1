#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>

namespace mote {

/// A layer that applies an activation to its results before storing them. Made by the inference
/// pass; `Layer` says with `fuses_activation = true` that its forward honours `Pass::activation`.
template <class Layer, class Activation>
struct fused : Layer {
  static constexpr bool fuses_activation = false; // there is room for one

  template <class Rounding>
  using quantized = typename Layer::template quantized<Rounding, Activation>;

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    Layer::forward(pass.template with_activation<Activation>());
  }
};

} // namespace mote
