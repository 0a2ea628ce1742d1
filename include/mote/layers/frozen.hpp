#pragma once

#include <mote/core/layer.hpp>

namespace mote {

/// A layer whose parameters stay as they are: `frozen<dense<10>>`. `initialize` fills them, files
/// and exports hold them, optimizers pass them by. The gradient still flows through it; layers
/// before the first one that learns are not run backwards at all.
///
/// Its parameters have the type of the layer's own, so they can be copied from a network in which
/// it was trained.
template <class Layer>
struct frozen : Layer {
  static constexpr bool is_frozen = true;
};

} // namespace mote
