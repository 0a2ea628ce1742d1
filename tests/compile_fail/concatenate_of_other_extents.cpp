// Only the channels may differ.
// expect: at_layer<2>,.*concatenation,.*equal_but_for_channels,.*<6, 6, 2>,.*<4, 4, 3> ?> ?>
#include <mote/mote.hpp>

using net =
    mote::network<mote::input<6, 6, 1>, mote::concatenate<mote::conv2d<2, 1>, mote::conv2d<3, 3>>>;
static_assert(net::size > 0);
