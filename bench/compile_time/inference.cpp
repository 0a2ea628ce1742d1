// 784-100-10: forward in float and in int8, and the report.
#include <mote/models/digits.hpp>
#include <mote/mote.hpp>

using network = mote::models::mlp_784_100_10;
using real = mote::inference_network<network>;
using integer = mote::quantized<network>;

static_assert(mote::report<network, std::int8_t>.flash_bytes == 80'400);

const float* run(const mote::parameters<real>& weights, mote::workspace<real>& memory) {
  return mote::forward(weights, memory).data;
}

const std::int8_t* run(const mote::parameters<integer>& weights, mote::workspace<integer>& memory) {
  return mote::forward(weights, memory).data;
}
