// expect: mote::network needs at least one layer
#include <mote/mote.hpp>

using net = mote::network<mote::input<4>>;
mote::parameters<net> parameters;
