// Training on the device: a microcontroller, with an FPU or without, learns XOR in single precision
// in 960 bytes of RAM, with nothing but mote and the compiler.
#include <mote/mote.hpp>

#include "semihosting.hpp"

#include <algorithm>
#include <cstdint>

namespace {

using network = mote::network<mote::input<2>, mote::dense<8>, mote::tanh, mote::dense<1>>;
using trainer = mote::trainer<network, mote::mean_squared_error, mote::adam<float>, 4>;

constexpr mote::tensor<float, 4, 2> inputs{{{0, 0, 0, 1, 1, 0, 1, 1}}};
constexpr mote::tensor<float, 4, 1> targets{{{0, 1, 1, 0}}};

// Initial weights are drawn while compiling, so that this is plain data of known size.
constinit trainer learner({.learning_rate = 0.05f}, 1);

} // namespace

int main() {
  float loss = 1.0f;
  std::uint32_t steps = 0;
  for (; steps < 2000 && loss > 1e-4f; ++steps) {
    std::copy_n(inputs.data(), inputs.size, learner.workspace.input().data);
    loss = learner.step(4, mote::batch_view<const float, 1>{targets.data(), 4});
  }
  firmware::print("learned XOR in ");
  firmware::print(steps);
  firmware::print(" steps and ");
  firmware::print(static_cast<std::uint32_t>(sizeof learner));
  firmware::print(" bytes\n");
  return loss > 1e-4f ? 1 : 0;
}
