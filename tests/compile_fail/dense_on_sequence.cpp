// A sequence is named by its two extents; of the layers that refuse, the first is named.
// expect: shape_error<.*at_layer<2>,.*dense<4[,>].*needs::vector,.*got_shape<16, 8> ?>
#include <mote/mote.hpp>

using net = mote::network<mote::input<16, 8>, mote::dropout<20>, mote::tanh, mote::dense<4>,
                          mote::relu, mote::dense<2>>;
static_assert(net::output == mote::shape{2});
