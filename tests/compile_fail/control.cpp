// What the other files get wrong, right: were this one refused, their errors would mean nothing.
// expect: compiles
#include <mote/mote.hpp>

#include <cstdint>

using net = mote::network<mote::input<28, 28, 1>, mote::flatten, mote::dense<32>, mote::relu,
                          mote::dropout<99>, mote::dense<10>>;
using calibrated = mote::calibration_network<net>;
using quantized = mote::quantized<net>;

mote::parameters<net> parameters;
mote::gradients<net> gradients;
mote::workspace<net> inference_memory;
mote::workspace<net, float, 8, mote::training> training_memory;
mote::workspace<net, float, 8, mote::training_with_input_gradient> check_memory;
mote::trainer<net, mote::softmax_cross_entropy, mote::adam<>, 8> trainer({}, 1);
mote::random_source generator{1};
mote::batch_view<const float, 10> targets;

mote::parameters<calibrated> real;
mote::workspace<calibrated> calibration_memory;
mote::activation_ranges<net> ranges;
mote::activation_scales<quantized> scales;
mote::parameters<quantized> integers;

void run() {
  mote::forward(parameters, inference_memory);
  const auto output = mote::train_forward(parameters, training_memory, generator);
  mote::mean_squared_error::evaluate(output, targets, training_memory.output_gradient());
  mote::backward(parameters, training_memory, gradients);
  check_memory.input_gradient();
  mote::calibrate<net>(real, calibration_memory, ranges);
  mote::quantize<quantized>(real, scales, integers);
}
