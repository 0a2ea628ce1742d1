// What many files may include if only one of them is to compile the trainer.
#pragma once

#include <mote/models/lenet.hpp>
#include <mote/mote.hpp>

#include <cstdint>
#include <span>

using trainer =
    mote::trainer<mote::models::lenet, mote::softmax_cross_entropy, mote::momentum_sgd<float>, 32>;

float step(trainer& all, std::span<const std::uint8_t> labels);
