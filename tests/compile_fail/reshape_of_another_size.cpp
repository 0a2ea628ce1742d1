// Eleven elements cannot become twelve.
// expect: shape_error<.*at_layer<0>,.*reshape<3, 4>,.*needs::elements<12>,.*got_shape<11> ?>
#include <mote/mote.hpp>

using net = mote::network<mote::input<11>, mote::reshape<3, 4>>;
static_assert(net::size > 0);
