// One dense layer, forward.
#include <mote/mote.hpp>

using network = mote::network<mote::input<16>, mote::dense<10>>;

const float* run(const mote::parameters<network>& weights, mote::workspace<network>& memory) {
  return mote::forward(weights, memory).data;
}
