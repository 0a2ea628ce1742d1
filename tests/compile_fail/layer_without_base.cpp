// What is in the list has to be a layer.
// expect: incomplete<my_layer, mote::lacks::base_class_layer>
#include <mote/mote.hpp>

struct my_layer {};
using net = mote::network<mote::input<4>, mote::dense<3>, my_layer>;
static_assert(net::size == 2);
