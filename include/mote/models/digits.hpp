// Small networks for 28 x 28 digits.
#pragma once

#include <mote/core/network.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/relu.hpp>

namespace mote::models {

/// 784-100-10: 79,510 parameters, about 98.2 % on MNIST.
using mlp_784_100_10 = network<input<28, 28, 1>, flatten, dense<100>, relu, dropout<10>, dense<10>>;

/// 784-256-64-10: 218,058 parameters.
using mlp_784_256_64_10 = network<input<28, 28, 1>, flatten, dense<256>, relu, dropout<20>,
                                  dense<64>, relu, dropout<10>, dense<10>>;

/// 784-16-10, for parts with very little flash: 12,730 parameters.
using mlp_784_16_10 = network<input<28, 28, 1>, flatten, dense<16>, relu, dense<10>>;

} // namespace mote::models
