// Without padding the kernel has to fit.
// expect: shape_error<.*at_layer<0>,.*conv1d<8, 5.*sequence_of_at_least<5>,.*got_shape<4, 2>
#include <mote/mote.hpp>

using net = mote::network<mote::input<4, 2>, mote::conv1d<8, 5>>;
static_assert(net::size > 0);
