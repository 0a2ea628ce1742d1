// LeNet: forward in float.
#include <mote/models/lenet.hpp>
#include <mote/mote.hpp>

using network = mote::inference_network<mote::models::lenet>;

const float* run(const mote::parameters<network>& weights, mote::workspace<network>& memory) {
  return mote::forward(weights, memory).data;
}
