// Integers are the result of training, not its subject.
// expect: incomplete<mote::int8_dense<2,.*lacks::backward_of_pass>
#include <mote/mote.hpp>

using net = mote::quantized<mote::network<mote::input<4>, mote::dense<2>>>;
mote::parameters<net> parameters;
mote::gradients<net> gradients;
mote::workspace<net, std::int8_t, 1, mote::training> memory;
void step() {
  mote::backward(parameters, memory, gradients);
}
