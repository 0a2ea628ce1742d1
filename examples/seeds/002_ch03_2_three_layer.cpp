// Text 002, chapter 3: the signals of a network of three layers, from its input to its output.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

#include "check.hpp"
#include "matrix.hpp"

using network = mote::network<mote::input<2>,                //
                              mote::dense<3>, mote::sigmoid, //
                              mote::dense<2>, mote::sigmoid, //
                              mote::dense<2>>;

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 002, chapter 3: three layers forward");

  mote::parameters<network, double> weights;
  auto& [w1, b1] = mote::get<0>(weights);
  auto& [w2, b2] = mote::get<2>(weights);
  auto& [w3, b3] = mote::get<4>(weights);
  w1 = seeds::transposed(mote::tensor<double, 2, 3>{{{0.1, 0.3, 0.5, //
                                                      0.2, 0.4, 0.6}}});
  b1.values = {0.1, 0.2, 0.3};
  w2 = seeds::transposed(mote::tensor<double, 3, 2>{{{0.1, 0.4, //
                                                      0.2, 0.5, //
                                                      0.3, 0.6}}});
  b2.values = {0.1, 0.2};
  w3 = seeds::transposed(mote::tensor<double, 2, 2>{{{0.1, 0.3, //
                                                      0.2, 0.4}}});
  b3.values = {0.1, 0.2};

  mote::workspace<network, double> memory;
  std::ranges::copy(std::array{1.0, 0.5}, memory.input()[0].begin());
  constexpr std::array signals{"A1", "Z1", "A2", "Z2", "Y"};
  mote::forward<mote::isa::generic>(weights, memory, 1, [&](std::size_t layer, auto output) {
    seeds::print(signals[layer], output[0]);
    golden(signals[layer], output[0]);
  });
  return golden.result();
}
