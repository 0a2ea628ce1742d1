// The rewriting passes only see networks whose shapes agree.
// expect: shape_error<.*at_layer<1>,.*dense<7[,>].*needs::vector,.*got_shape<3, 2, 1> ?>
#include <mote/mote.hpp>

using net = mote::network<mote::input<3, 2, 1>, mote::sigmoid, mote::dense<7>>;
mote::parameters<mote::quantized<net>> parameters;
