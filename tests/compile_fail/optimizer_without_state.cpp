// An optimizer says what it remembers, be it nothing.
// expect: incomplete<my_optimizer, mote::lacks::state_of_network>
#include <mote/mote.hpp>

struct my_optimizer {};
using net = mote::network<mote::input<4>, mote::dense<3>>;
mote::trainer<net, mote::mean_squared_error, my_optimizer, 1> teacher{{}, 1};
