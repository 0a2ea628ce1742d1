// expect: mote::backward needs a workspace whose mode trains
#include <mote/mote.hpp>

using net = mote::network<mote::input<4>, mote::dense<2>>;
mote::parameters<net> parameters;
mote::gradients<net> gradients;
mote::workspace<net> memory;
void step() {
  mote::backward(parameters, memory, gradients);
}
