// The trainer holds all there is of a network; still the shape is the first thing said.
// expect: shape_error<.*at_layer<1>,.*dense<7[,>].*needs::vector,.*got_shape<3, 2, 1> ?>
#include <mote/mote.hpp>

using net = mote::network<mote::input<3, 2, 1>, mote::sigmoid, mote::dense<7>>;
mote::trainer<net, mote::softmax_cross_entropy, mote::adam<>, 8> trainer({}, 1);
