// Text 000, chapter 3.5: two layers, the predictions of one are the inputs of the next.
//
// The listing multiplies a row vector by the matrices, so that each of their rows belongs to an
// input. Its tables are meant with one row per output, as in chapter 3.4; the result of that
// reading is printed beside it.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <string>

#include "check.hpp"
#include "matrix.hpp"

using network =
    mote::network<mote::input<3>, mote::dense<3, mote::initializers::automatic, mote::bias::none>,
                  mote::dense<3, mote::initializers::automatic, mote::bias::none>>;
using matrix = mote::tensor<double, 3, 3>;

constexpr matrix input_to_hidden{{{0.1, 0.1, -0.1, //
                                   -0.1, 0.1, 0.9, //
                                   0.1, 0.4, 0.1}}};
constexpr matrix hidden_to_prediction{{{0.3, 1.1, -0.3, //
                                        0.1, 0.2, 0.0,  //
                                        0.0, 1.3, 0.1}}};

static void predict(const matrix& first, const matrix& second, const std::string& reading,
                    seeds::golden& golden) {
  mote::parameters<network, double> weights{};
  mote::get<0>(weights).weights = first;
  mote::get<1>(weights).weights = second;
  mote::workspace<network, double> memory;
  std::ranges::copy(std::array{8.5, 0.65, 1.2}, memory.input()[0].begin());

  // Sees the output of each layer in turn.
  const auto observer = [&](auto layer, auto output) {
    const std::string what = layer == 0 ? "hidden" : "prediction";
    seeds::print(reading, what, output[0]);
    golden(what + ", " + reading, output[0]);
  };
  mote::forward<mote::isa::generic>(weights, memory, 1, observer);
}

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 000, chapter 3.5: forward, two layers");
  predict(seeds::transposed(input_to_hidden), seeds::transposed(hidden_to_prediction), "as written",
          golden);
  predict(input_to_hidden, hidden_to_prediction, "one row per output", golden);
  return golden.result();
}
