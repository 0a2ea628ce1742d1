// Layers are counted in reading order, those inside a residual one by one.
// expect: shape_error<.*at_layer<2>,.*dense<8[,>].*needs::vector,.*got_shape<4, 4, 1> ?>
#include <mote/mote.hpp>

using net =
    mote::network<mote::input<4, 4, 1>, mote::relu, mote::residual<mote::relu, mote::dense<8>>>;
static_assert(net::size > 0);
