// The relu of the network as written is part of a layer in its int8 form.
// expect: mote::quantize: quantize calibration_network<Net>, not Net itself
#include <mote/mote.hpp>

using net = mote::network<mote::input<4>, mote::dense<3>, mote::relu, mote::dense<2>>;
using quantized = mote::quantized<net>;
mote::parameters<net> real;
mote::activation_scales<quantized> scales;
mote::parameters<quantized> integers;
void run() {
  mote::quantize<quantized>(real, scales, integers);
}
