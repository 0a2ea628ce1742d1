// expect: int8_error<mote::at_layer<1>, mote::gru<4
#include <mote/mote.hpp>

using net = mote::network<mote::input<8, 2>, mote::relu, mote::gru<4>, mote::relu>;
using integers = mote::quantized<net>;
static_assert(integers::size > 0);
