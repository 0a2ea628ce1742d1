// Text 000, chapter 4.1: hot and cold learning. Try the weight a step up and a step down, and go
// where the error is smaller.
#include <mote/mote.hpp>

#include <vector>

#include "check.hpp"
#include "squared_error.hpp"

using network =
    mote::network<mote::input<1>, mote::dense<1, mote::initializers::automatic, mote::bias::none>>;

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 000, chapter 4.1: hot and cold learning");

  constexpr double input = 0.5;
  constexpr double goal = 0.8;
  constexpr double step = 0.001;
  double weight = 0.5;

  mote::parameters<network, double> weights;
  mote::workspace<network, double> memory;
  double prediction = 0.0;
  const auto error_with = [&](double tried) {
    mote::get<0>(weights).weights.values = {tried};
    memory.input()[0][0] = input;
    const auto output = mote::forward<mote::isa::generic>(weights, memory);
    prediction = output[0][0];
    return seeds::squared_error::evaluate(output, mote::batch_view<const double, 1>{&goal, 1});
  };

  std::vector<double> errors;
  std::vector<double> predictions;
  for (int iteration = 0; iteration < 1101; ++iteration) {
    const double up = error_with(weight + step);
    const double down = error_with(weight - step);
    const double error = error_with(weight);
    seeds::print("Error:", error, "Prediction:", prediction);
    errors.push_back(error);
    predictions.push_back(prediction);
    if (down < error) {
      weight -= step;
    }
    if (up < error) {
      weight += step;
    }
  }

  golden("error", golden.pick("iteration", errors));
  golden("prediction", golden.pick("iteration", predictions));
  golden("final weight", weight);
  return golden.result();
}
