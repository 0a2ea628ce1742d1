// A small network of depthwise separable convolutions for 28 x 28 digits.
#pragma once

#include <mote/core/network.hpp>
#include <mote/layers/conv2d.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/pooling.hpp>
#include <mote/layers/relu.hpp>

namespace mote::models {

/// In the manner of MobileNet (Howard et al., "MobileNets", 2017, section 3.1): 1,338 parameters,
/// 85,776 multiply-accumulates.
using depthwise =
    network<input<28, 28, 1>, conv2d<8, 3, 2, padding::same>, relu,
            depthwise_conv2d<3, 1, padding::same>, relu, conv2d<16, 1>, relu,
            depthwise_conv2d<3, 2, padding::same>, relu, conv2d<32, 1>, relu, global_avg_pool,
            dense<10>>;

} // namespace mote::models
