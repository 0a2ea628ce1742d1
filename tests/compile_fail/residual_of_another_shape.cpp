// What is added must have the shape of the input; the sum counts as a layer of its own.
// expect: shape_error<.*at_layer<3>,.*add,.*equal_shapes,.*got_shape<5>,.*got_shape<4> ?> ?>
#include <mote/mote.hpp>

using net =
    mote::network<mote::input<4>, mote::residual<mote::dense<3>, mote::relu, mote::dense<5>>>;
static_assert(net::size > 0);
