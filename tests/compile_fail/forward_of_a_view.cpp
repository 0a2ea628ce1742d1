// A view of the samples in place of the workspace that they have to be in.
// expect: no matching function for call to '?forward
#include <mote/mote.hpp>

using net = mote::network<mote::input<4>, mote::dense<2>>;
mote::parameters<net> parameters;
mote::batch_view<const float, 4> samples;
auto run() {
  return mote::forward(parameters, samples);
}
