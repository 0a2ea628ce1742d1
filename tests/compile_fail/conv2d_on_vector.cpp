// A convolution needs an image.
// expect: shape_error<.*at_layer<1>,.*conv2d<8, 3.*image_of_at_least<3, 3>,.*got_shape<16>
#include <mote/mote.hpp>

using net = mote::network<mote::input<16>, mote::relu, mote::conv2d<8, 3>>;
static_assert(net::size > 0);
