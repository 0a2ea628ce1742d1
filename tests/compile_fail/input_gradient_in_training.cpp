// Training needs no gradient of the network's input, so the workspace keeps none unasked.
// expect: mote::workspace: this gradient is not computed in this mode
#include <mote/mote.hpp>

using net = mote::network<mote::input<4>, mote::dense<2>>;
mote::workspace<net, float, 1, mote::training> memory;
auto gradient() {
  return memory.input_gradient();
}
