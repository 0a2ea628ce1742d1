// Without padding the kernel has to fit.
// expect: shape_error<.*at_layer<0>,.*conv2d<8, 5.*image_of_at_least<5, 5>,.*got_shape<4, 9, 1>
#include <mote/mote.hpp>

using net = mote::network<mote::input<4, 9, 1>, mote::conv2d<8, 5>>;
static_assert(net::size > 0);
