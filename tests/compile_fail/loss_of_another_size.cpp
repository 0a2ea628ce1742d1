// Targets of three elements for a network that gives two.
// expect: no matching function for call to '?.*evaluate
#include <mote/mote.hpp>

using net = mote::network<mote::input<4>, mote::dense<2>>;
mote::workspace<net> memory;
mote::batch_view<const float, 3> targets;
auto loss() {
  return mote::mean_squared_error::evaluate(memory.output().as_const(), targets);
}
