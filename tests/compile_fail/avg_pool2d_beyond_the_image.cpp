// The window has to fit.
// expect: shape_error<.*at_layer<0>,.*avg_pool2d<4.*image_of_at_least<4, 4>,.*got_shape<3, 3, 2>
#include <mote/mote.hpp>

using net = mote::network<mote::input<3, 3, 2>, mote::avg_pool2d<4>>;
static_assert(net::size > 0);
