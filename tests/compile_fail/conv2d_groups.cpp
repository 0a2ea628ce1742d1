// Three channels do not divide into two groups.
// expect: shape_error<.*at_layer<0>,.*conv2d<4, 3.*channels_in_groups_of<2,.*got_shape<8, 8, 3>
#include <mote/mote.hpp>

using net = mote::network<mote::input<8, 8, 3>, mote::conv2d<4, 3, 1, mote::padding::valid, 2>>;
static_assert(net::size > 0);
