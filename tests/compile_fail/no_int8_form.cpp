// expect: int8_error<mote::at_layer<1>, mote::fused<mote::conv2d<4, 3
#include <mote/mote.hpp>

using net = mote::network<mote::input<8, 8, 1>, mote::relu, mote::conv2d<4, 3>, mote::relu>;
using integers = mote::quantized<net>;
static_assert(integers::size > 0);
