// Text 000, chapter 3.1: the smallest network, one input times one weight.
#include <mote/mote.hpp>

#include "check.hpp"

using network =
    mote::network<mote::input<1>, mote::dense<1, mote::initializers::automatic, mote::bias::none>>;

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 000, chapter 3.1: forward, one input, one weight");

  mote::parameters<network, double> weights;
  mote::get<0>(weights).weights.values = {0.1};
  mote::workspace<network, double> memory;
  memory.input()[0][0] = 8.5;
  const auto prediction = mote::forward<mote::isa::generic>(weights, memory)[0];

  seeds::print(prediction[0]);
  golden("prediction", prediction);
  return golden.result();
}
