// What a model is optimized for where constants leave a choice.
#pragma once

namespace mote {

/// The plain loops over the parameters as they are exported.
struct smallest {
  static constexpr const char* name = "smallest";
};

/// Weights reordered and packed for the instruction set, in no more flash than they take anyway but
/// for a few bytes per output channel. Except convolutions on cores without SIMD instructions
/// (isa::scalar32): those over all channels take two bytes for each weight, as with `fastest`,
/// since they use it at many positions and have few. models::depthwise grows by 1.4 kB there,
/// to 3.5 kB.
struct balanced {
  static constexpr const char* name = "balanced";
};

/// The same, also where it takes more flash: packed lanes, unrolled loops.
struct fastest {
  static constexpr const char* name = "fastest";
};

} // namespace mote
