// The smallest whole way: declare a network, train it, quantize it, run it on integers.
#include <mote/mote.hpp>

#include <cstdint>
#include <cstdio>

// Two inputs, one output that says whether exactly one of them is 1.
using network = mote::network<mote::input<2>, mote::dense<8>, mote::tanh, mote::dense<1>>;

int main() {
  const mote::tensor<float, 4, 2> inputs{{{0, 0, 0, 1, 1, 0, 1, 1}}};
  const mote::tensor<float, 4, 1> targets{{{0, 1, 1, 0}}};
  const mote::batch_view<const float, 1> target_view{targets.data(), 4};

  // All the memory of the training is in this object.
  mote::trainer<network, mote::mean_squared_error, mote::adam<float>, 4> trainer(
      {.learning_rate = 0.05f}, 1);
  for (int step = 0; step <= 500; ++step) {
    std::copy_n(inputs.data(), inputs.size, trainer.workspace.input().data);
    const float loss = trainer.step(4, target_view);
    if (step % 100 == 0) {
      std::printf("step %3d  loss %.6f\n", step, static_cast<double>(loss));
    }
  }

  // The same network in int8: see the ranges of the activations, choose scales, round.
  using real = mote::calibration_network<network>;
  using integer = mote::quantized<network>;
  mote::parameters<real> weights;
  mote::to_calibration(trainer.parameters, weights);
  mote::workspace<real, float, 4> memory;
  std::copy_n(inputs.data(), inputs.size, memory.input().data);
  mote::activation_ranges<network> ranges{};
  mote::calibrate<network>(weights, memory, ranges);
  const auto scales = mote::choose_scales<integer>(ranges, {1.0f / 255.0f, -128});
  mote::parameters<integer> integers;
  mote::quantize(weights, scales, integers);

  mote::workspace<integer> small;
  bool all_right = true;
  for (std::size_t row = 0; row < 4; ++row) {
    for (std::size_t i = 0; i < 2; ++i) {
      small.input()[0][i] =
          mote::quantize(static_cast<double>(inputs[2 * row + i]), scales.front());
    }
    const float output = mote::dequantize(mote::forward(integers, small)[0][0], scales.back());
    std::printf("%.0f xor %.0f = %.3f\n", static_cast<double>(inputs[2 * row]),
                static_cast<double>(inputs[2 * row + 1]), static_cast<double>(output));
    all_right = all_right && (output > 0.5f) == (targets[row] > 0.5f);
  }
  std::printf("%zu bytes of weights, %zu bytes of RAM\n", mote::report<integer>.flash_bytes,
              mote::report<integer>.ram_bytes);
  return all_right ? 0 : 1;
}
