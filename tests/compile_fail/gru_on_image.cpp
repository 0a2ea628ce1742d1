// A recurrent layer takes its steps one by one; an image has none.
// expect: shape_error<.*at_layer<1>,.*gru<8[,>].*needs::sequence,.*got_shape<28, 28, 1> ?>
#include <mote/core/network.hpp>
#include <mote/layers/gru.hpp>
#include <mote/layers/relu.hpp>

using net = mote::network<mote::input<28, 28, 1>, mote::relu, mote::gru<8>>;
static_assert(net::output == mote::shape{8});
