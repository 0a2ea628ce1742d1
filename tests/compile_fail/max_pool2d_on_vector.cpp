// A pool needs an image.
// expect: shape_error<.*at_layer<1>,.*max_pool2d<2.*image_of_at_least<2, 2>,.*got_shape<16>
#include <mote/mote.hpp>

using net = mote::network<mote::input<4, 4, 1>, mote::flatten, mote::max_pool2d<2>>;
static_assert(net::size > 0);
