// Text 000, chapter 3.2: three inputs, a weight for each, and the sum of the products.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>

#include "check.hpp"

using network =
    mote::network<mote::input<3>, mote::dense<1, mote::initializers::automatic, mote::bias::none>>;

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 000, chapter 3.2: forward, three inputs");

  mote::parameters<network, double> weights;
  mote::get<0>(weights).weights.values = {0.1, 0.2, 0};
  mote::workspace<network, double> memory;
  std::ranges::copy(std::array{8.5, 0.65, 1.2}, memory.input()[0].begin());
  const auto prediction = mote::forward<mote::isa::generic>(weights, memory)[0];

  seeds::print(prediction[0]);
  golden("prediction", prediction);
  return golden.result();
}
