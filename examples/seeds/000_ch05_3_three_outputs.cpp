// Text 000, chapter 5.3: one input, three predictions, each with a goal and an error of its own.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "check.hpp"
#include "squared_error.hpp"

using network =
    mote::network<mote::input<1>, mote::dense<3, mote::initializers::automatic, mote::bias::none>>;
using trainer =
    mote::trainer<network, seeds::squared_error, mote::sgd<double>, 1, double, mote::isa::generic>;

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 000, chapter 5.3: gradient descent with three outputs");

  constexpr std::array<double, 3> goals{0.1, 1, 0.1};
  trainer all({.learning_rate = 0.1}, 0);
  auto& weights = mote::get<0>(all.parameters).weights;
  weights.values = {0.3, 0.2, 0.9};

  std::vector<std::array<double, 3>> errors(20);
  std::vector<std::array<double, 3>> predictions(20);
  for (std::size_t iteration = 0; iteration < 20; ++iteration) {
    all.workspace.input()[0][0] = 0.65;
    all.step(1, mote::batch_view<const double, 3>{goals.data(), 1}, [&](auto output) {
      std::ranges::copy(output[0], predictions[iteration].begin());
      for (std::size_t i = 0; i < 3; ++i) {
        const double delta = output[0][i] - goals[i];
        errors[iteration][i] = seeds::squared(delta);
      }
    });
    seeds::print("Error:", errors[iteration], "Prediction:", predictions[iteration]);
  }
  golden("errors", errors);
  golden("predictions", predictions);
  golden("final weights", weights.values);
  return golden.result();
}
