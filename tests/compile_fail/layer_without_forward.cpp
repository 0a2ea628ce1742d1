// A layer has to be able to run.
// expect: incomplete<my_layer, mote::lacks::forward_of_pass>
#include <mote/mote.hpp>

struct my_layer : mote::layer {
  static constexpr mote::shape output(const mote::shape& in) { return in; }
};
using net = mote::network<mote::input<4>, mote::dense<3>, my_layer>;
void run(const mote::parameters<net>& weights, mote::workspace<net>& memory) {
  mote::forward(weights, memory);
}
