#pragma once

#include <mote/core/flatten_list.hpp>
#include <mote/core/fused.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/packed.hpp>

namespace mote {

/// A layer whose parameters stay as they are: `frozen<dense<10>>`. `initialize` fills them, files
/// and exports hold them, optimizers pass them by. The gradient still flows through it; layers
/// before the first one that learns are not run backwards at all.
///
/// Its parameters have the type of the layer's own, so they can be copied from a network in which
/// it was trained. Of a residual or a concatenate it freezes every layer.
template <class Layer>
struct frozen : Layer {
  static constexpr bool is_frozen = true;
};

namespace detail {

template <class Layer>
inline constexpr bool takes_max_pool<frozen<Layer>> = takes_max_pool<Layer>;

} // namespace detail

template <class Layer>
struct packed_form<frozen<Layer>> : packed_form<Layer> {};

template <is_structure Structure>
struct frozen<Structure> : structure {
  template <class List>
  static constexpr auto append_to(List list) {
    return detail::append_wrapped<mote::frozen, Structure>(list);
  }
};

} // namespace mote
