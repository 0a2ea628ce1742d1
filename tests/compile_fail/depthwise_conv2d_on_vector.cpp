// A depthwise convolution needs an image, even where it would pad.
// expect: shape_error<.*at_layer<0>,.*depthwise_conv2d<3.*needs::image,.*got_shape<9>
#include <mote/mote.hpp>

using net = mote::network<mote::input<9>, mote::depthwise_conv2d<3, 1, mote::padding::same>>;
static_assert(net::size > 0);
