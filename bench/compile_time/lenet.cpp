// LeNet with its trainer: what a program that trains it compiles.
#include <mote/models/lenet.hpp>
#include <mote/mote.hpp>

#include <cstdint>
#include <span>

using trainer = mote::trainer<mote::models::lenet, mote::softmax_cross_entropy,
                              mote::momentum_sgd<float>, 32>;

float step(trainer& all, std::span<const std::uint8_t> labels) {
  return all.step(32, labels);
}
