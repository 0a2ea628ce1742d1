// Text 000, chapter 3.3: one input, three predictions, each with a weight of its own.
#include <mote/mote.hpp>

#include "check.hpp"

using network =
    mote::network<mote::input<1>, mote::dense<3, mote::initializers::automatic, mote::bias::none>>;

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 000, chapter 3.3: forward, one input, three outputs");

  mote::parameters<network, double> weights;
  mote::get<0>(weights).weights.values = {0.3, 0.2, 0.9};
  mote::workspace<network, double> memory;
  memory.input()[0][0] = 0.65;
  const auto prediction = mote::forward<mote::isa::generic>(weights, memory)[0];

  seeds::print(prediction);
  golden("prediction", prediction);
  return golden.result();
}
