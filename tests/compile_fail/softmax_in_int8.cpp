// expect: int8_error<mote::at_layer<1>, mote::softmax>
#include <mote/mote.hpp>

using net = mote::network<mote::input<4>, mote::dense<3>, mote::softmax>;
mote::parameters<mote::quantized<net>> parameters;
