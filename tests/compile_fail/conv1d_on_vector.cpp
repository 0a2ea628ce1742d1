// With padding any length will do, but a vector has none.
// expect: shape_error<.*at_layer<0>,.*conv1d<8, 3.*needs::sequence,.*got_shape<16>
#include <mote/mote.hpp>

using net = mote::network<mote::input<16>, mote::conv1d<8, 3, 1, mote::padding::same>>;
static_assert(net::size > 0);
