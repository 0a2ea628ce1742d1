// A dense layer first in a network of images, without flatten.
// expect: shape_error<.*at_layer<0>,.*dense<10[,>].*needs::vector,.*got_shape<28, 28, 1> ?>
#include <mote/mote.hpp>

using net = mote::network<mote::input<28, 28, 1>, mote::dense<10>>;
mote::parameters<net> parameters;
