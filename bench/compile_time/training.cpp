// 784-100-10: a training step with momentum.
#include <mote/models/digits.hpp>
#include <mote/mote.hpp>

using trainer = mote::trainer<mote::models::mlp_784_100_10, mote::softmax_cross_entropy,
                              mote::momentum_sgd<float>, 64>;

float step(trainer& all, std::span<const std::uint8_t> labels) {
  return all.step(64, labels);
}
