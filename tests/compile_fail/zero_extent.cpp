// expect: mote::input: every extent must be positive
#include <mote/mote.hpp>

using net = mote::network<mote::input<28, 0, 1>, mote::flatten, mote::dense<10>>;
mote::parameters<net> parameters;
