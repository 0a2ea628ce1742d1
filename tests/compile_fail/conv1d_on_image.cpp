// An image is not a sequence.
// expect: shape_error<.*at_layer<1>,.*conv1d<8, 3.*sequence_of_at_least<3>,.*got_shape<4, 9, 1>
#include <mote/mote.hpp>

using net = mote::network<mote::input<4, 9, 1>, mote::relu, mote::conv1d<8, 3>>;
static_assert(net::size > 0);
