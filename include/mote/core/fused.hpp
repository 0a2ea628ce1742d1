#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>

#include <type_traits>

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

namespace detail {

/// Whether a layer can do the activation and the max pool that follow it, as `Layer::pooled<Layer,
/// Activation, Pool>`, which it should where `Layer::gains_from_max_pool(shape)`. It says so by its
/// own name in `takes_max_pool`: a layer that inherits that name may do more than the one it names,
/// as penalized<> does.
template <class Layer>
inline constexpr bool takes_max_pool = requires {
  requires std::is_same_v<typename Layer::takes_max_pool, Layer>;
};

} // namespace detail

} // namespace mote
