// Text 000, chapter 3.4: three inputs, three predictions: a matrix with one row per output.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>

#include "check.hpp"

using network =
    mote::network<mote::input<3>, mote::dense<3, mote::initializers::automatic, mote::bias::none>>;

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 000, chapter 3.4: forward, matrix times vector");

  mote::parameters<network, double> weights;
  mote::get<0>(weights).weights.values = {0.1, 0.1, -0.3, //
                                          0.1, 0.2, 0.0,  //
                                          0.0, 1.3, 0.1};
  mote::workspace<network, double> memory;
  std::ranges::copy(std::array{8.5, 0.65, 1.2}, memory.input()[0].begin());
  const auto prediction = mote::forward<mote::isa::generic>(weights, memory)[0];

  seeds::print(prediction);
  golden("prediction", prediction);
  return golden.result();
}
