// An activation is a function.
// expect: incomplete<my_activation, mote::lacks::apply_of_x>
#include <mote/mote.hpp>

struct my_activation : mote::activation<my_activation> {};
using net = mote::network<mote::input<4>, mote::dense<3>, my_activation>;
void run(const mote::parameters<net>& weights, mote::workspace<net>& memory) {
  mote::forward(weights, memory);
}
