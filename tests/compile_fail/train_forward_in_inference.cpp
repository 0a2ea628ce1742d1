// expect: mote::train_forward needs a workspace whose mode trains
#include <mote/mote.hpp>

using net = mote::network<mote::input<4>, mote::dense<2>>;
mote::parameters<net> parameters;
mote::workspace<net> memory;
mote::random_source generator{1};
auto step() {
  return mote::train_forward(parameters, memory, generator);
}
