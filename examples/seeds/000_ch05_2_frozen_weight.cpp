// Text 000, chapter 5.2: the same with the first weight frozen: the others find the goal without
// it. mote::masked keeps single weights from an optimizer.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <vector>

#include "check.hpp"
#include "squared_error.hpp"

using network =
    mote::network<mote::input<3>, mote::dense<1, mote::initializers::automatic, mote::bias::none>>;
using trainer = mote::trainer<network, seeds::squared_error, mote::masked<mote::sgd<double>>, 1,
                              double, mote::isa::generic>;

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 000, chapter 5.2: gradient descent with three inputs, one weight frozen");

  constexpr std::array input{8.5, 0.65, 1.2};
  constexpr double goal = 1;
  trainer all({{.learning_rate = 0.3}}, 0);
  mote::get<0>(all.state.frozen).weights[0] = true;
  auto& weights = mote::get<0>(all.parameters).weights;
  weights.values = {0.1, 0.2, -0.1};

  std::vector<double> errors;
  std::vector<double> predictions;
  std::vector<double> deltas;
  std::vector<std::array<double, 3>> weight_deltas;
  for (int iteration = 0; iteration < 3; ++iteration) {
    std::ranges::copy(input, all.workspace.input()[0].begin());
    errors.push_back(all.step(1, mote::batch_view<const double, 1>{&goal, 1},
                              [&](auto output) { predictions.push_back(output[0][0]); }));
    deltas.push_back(all.workspace.output_gradient()[0][0]);
    weight_deltas.push_back(mote::get<0>(all.gradients).weights.values);

    seeds::print("Iteration:", iteration + 1);
    seeds::print("Pred:", predictions.back());
    seeds::print("Error:", errors.back());
    seeds::print("Delta:", deltas.back());
    seeds::print("Weight deltas:", weight_deltas.back());
    seeds::print("Weights:", weights.values);
  }
  golden("error", errors);
  golden("prediction", predictions);
  golden("delta", deltas);
  golden("weight deltas", weight_deltas);
  golden("final weights", weights.values);
  return golden.result();
}
