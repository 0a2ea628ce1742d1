// Parameters have to be visited, or they would be neither trained nor stored.
// expect: incomplete<my_layer, mote::lacks::visit_in_parameters>
#include <mote/mote.hpp>

struct my_layer : mote::layer {
  template <mote::shape In, class T>
  struct parameters {
    mote::tensor<T, In.size()> gains;
  };
  static constexpr mote::shape output(const mote::shape& in) { return in; }
};
using net = mote::network<mote::input<4>, mote::dense<3>, my_layer>;
void run(mote::parameters<net>& weights, mote::random_source& generator) {
  mote::initialize(weights, generator);
}
