// expect: no matching function for call to '?forward
#include <mote/mote.hpp>

using net = mote::network<mote::input<4>, mote::dense<2>>;
using other = mote::network<mote::input<4>, mote::dense<3>>;
mote::parameters<other> parameters;
mote::workspace<net> memory;
auto run() {
  return mote::forward(parameters, memory);
}
