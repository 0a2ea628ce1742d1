// A layer has to say what it makes of a shape.
// expect: incomplete<my_layer, mote::lacks::output_of_shape>
#include <mote/mote.hpp>

struct my_layer : mote::layer {};
using net = mote::network<mote::input<4>, mote::dense<3>, my_layer>;
static_assert(net::size == 2);
