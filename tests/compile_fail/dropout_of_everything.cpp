// expect: mote::dropout: the rate must be below 1
#include <mote/mote.hpp>

using net = mote::network<mote::input<4>, mote::dropout<100>, mote::dense<2>>;
mote::parameters<net> parameters;
