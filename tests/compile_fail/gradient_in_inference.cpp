// expect: mote::workspace: this gradient is not computed in this mode
#include <mote/mote.hpp>

using net = mote::network<mote::input<4>, mote::dense<2>>;
mote::workspace<net> memory;
auto gradient() {
  return memory.output_gradient();
}
