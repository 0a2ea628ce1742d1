// The first layer keeps the image an image, so it is the second that cannot take it.
// expect: shape_error<.*at_layer<1>,.*dense<10[,>].*needs::vector,.*got_shape<28, 28, 1> ?>
#include <mote/mote.hpp>

using net = mote::network<mote::input<28, 28, 1>, mote::relu, mote::dense<10>, mote::relu>;
static_assert(net::size == 3);
