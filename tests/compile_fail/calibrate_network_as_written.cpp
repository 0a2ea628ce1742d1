// expect: no matching function for call to '?calibrate
#include <mote/mote.hpp>

using net = mote::network<mote::input<4>, mote::dense<3>, mote::relu, mote::dense<2>>;
mote::parameters<net> real;
mote::workspace<mote::calibration_network<net>> memory;
mote::activation_ranges<net> ranges;
void run() {
  mote::calibrate<net>(real, memory, ranges);
}
