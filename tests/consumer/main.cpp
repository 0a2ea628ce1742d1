// What a user's first program does: train a little, then ask. Here exclusive or.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <span>

using net = mote::network<mote::input<2>, mote::dense<8>, mote::tanh, mote::dense<2>>;
static_assert(net::output == mote::shape{2});

constexpr std::array<std::array<float, 2>, 4> inputs{{{0, 0}, {0, 1}, {1, 0}, {1, 1}}};
constexpr std::array<std::uint8_t, 4> labels{0, 1, 1, 0};

int main() {
  static mote::trainer<net, mote::softmax_cross_entropy, mote::adam<>, 4> trainer(
      {.learning_rate = 0.05f}, 1);
  float loss = 0.0f;
  for (int step = 0; step < 200; ++step) {
    for (std::size_t row = 0; row < 4; ++row) {
      std::copy(inputs[row].begin(), inputs[row].end(), trainer.workspace.input()[row].begin());
    }
    loss = trainer.step(4, std::span<const std::uint8_t>{labels});
  }

  static mote::workspace<net> memory;
  int correct = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    std::copy(inputs[i].begin(), inputs[i].end(), memory.input()[0].begin());
    correct += mote::argmax(mote::forward(trainer.parameters, memory)[0]) == labels[i] ? 1 : 0;
  }
  std::printf("loss %.4f, %d of 4 correct\n", static_cast<double>(loss), correct);
  return correct == 4 && loss < 0.1f ? 0 : 1;
}
