// LeNet for 28 x 28 digits.
#pragma once

#include <mote/core/network.hpp>
#include <mote/layers/conv2d.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/pooling.hpp>
#include <mote/layers/relu.hpp>

namespace mote::models {

/// After LeNet-5 (LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998,
/// section II.B), with relu and max pooling, and without its padding of the image: 44,426
/// parameters, 281,640 multiply-accumulates.
using lenet = network<input<28, 28, 1>, conv2d<6, 5>, relu, max_pool2d<2>, conv2d<16, 5>, relu,
                      max_pool2d<2>, flatten, dense<120>, relu, dense<84>, relu, dense<10>>;

} // namespace mote::models
