// A pool needs an image.
// expect: shape_error<.*at_layer<0>,.*global_avg_pool,.*needs::image,.*got_shape<16> ?>
#include <mote/mote.hpp>

using net = mote::network<mote::input<16>, mote::global_avg_pool>;
static_assert(net::size > 0);
