// Text 000, chapters 4.2, 4.3 and 4.4: gradient descent on one weight. With an input of 2 it
// overshoots further and further; a learning rate below 1 cures that.
#include <mote/mote.hpp>

#include <string>
#include <vector>

#include "check.hpp"
#include "squared_error.hpp"

using network =
    mote::network<mote::input<1>, mote::dense<1, mote::initializers::automatic, mote::bias::none>>;
using trainer =
    mote::trainer<network, seeds::squared_error, mote::sgd<double>, 1, double, mote::isa::generic>;

static void learn(int program, double input, double alpha, seeds::golden& golden) {
  seeds::print("text 000, chapter 4." + std::to_string(program) +
                   ": gradient descent on one weight, input",
               input, "alpha", alpha);
  constexpr double goal = 0.8;
  trainer all({.learning_rate = alpha}, 0);
  auto& weights = mote::get<0>(all.parameters).weights;
  weights.values = {0.5};

  std::vector<double> errors;
  std::vector<double> predictions;
  for (int iteration = 0; iteration < 20; ++iteration) {
    all.workspace.input()[0][0] = input;
    errors.push_back(all.step(1, mote::batch_view<const double, 1>{&goal, 1},
                              [&](auto output) { predictions.push_back(output[0][0]); }));
    seeds::print("Error:", errors.back(), "Prediction:", predictions.back());
  }
  golden("error", errors);
  golden("prediction", predictions);
  golden("final weight", weights.values);
}

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  const double only = golden.argument(0, 0); // the number of one of the three programs, or all
  if (only == 0 || only == 2) {
    learn(2, 0.5, 1, golden);
  }
  if (only == 0 || only == 3) {
    learn(3, 2, 1, golden);
  }
  if (only == 0 || only == 4) {
    learn(4, 2, 0.1, golden);
  }
  return golden.result();
}
