// expect: mote::input takes {units}, {steps, features} or {height, width, channels}
#include <mote/mote.hpp>

using net = mote::network<mote::input<2, 2, 2, 2>, mote::flatten, mote::dense<10>>;
mote::parameters<net> parameters;
