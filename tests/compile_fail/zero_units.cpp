// expect: mote::dense: the number of units must be positive
#include <mote/mote.hpp>

using net = mote::network<mote::input<4>, mote::dense<0>>;
mote::parameters<net> parameters;
