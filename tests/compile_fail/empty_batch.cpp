// expect: mote::workspace: a batch has at least one sample
#include <mote/mote.hpp>

using net = mote::network<mote::input<4>, mote::dense<2>>;
mote::workspace<net, float, 0> memory;
