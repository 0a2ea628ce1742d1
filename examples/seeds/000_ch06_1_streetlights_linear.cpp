// Text 000, chapter 6.6: which of three lights lets people walk? One linear unit learns it from six
// observations, one after the other.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "check.hpp"
#include "squared_error.hpp"

using network =
    mote::network<mote::input<3>, mote::dense<1, mote::initializers::automatic, mote::bias::none>>;
using trainer =
    mote::trainer<network, seeds::squared_error, mote::sgd<double>, 1, double, mote::isa::generic>;

constexpr std::array<std::array<double, 3>, 6> streetlights{
    {{1, 0, 1}, {0, 1, 1}, {0, 0, 1}, {1, 1, 1}, {0, 1, 1}, {1, 0, 1}}};
constexpr std::array<double, 6> walk_vs_stop{0, 1, 0, 1, 1, 0};

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 000, chapter 6.6: streetlights, one linear layer");

  trainer all({.learning_rate = 0.1}, 0);
  auto& weights = mote::get<0>(all.parameters).weights;
  weights.values = {0.5, 0.48, -0.7};

  std::vector<double> errors;
  std::vector<std::array<double, 6>> predictions(40);
  for (auto& of_iteration : predictions) {
    double error_for_all_lights = 0;
    for (std::size_t row = 0; row < streetlights.size(); ++row) {
      std::ranges::copy(streetlights[row], all.workspace.input()[0].begin());
      error_for_all_lights += all.step(1, mote::batch_view<const double, 1>{&walk_vs_stop[row], 1},
                                       [&](auto output) { of_iteration[row] = output[0][0]; });
      seeds::print("Prediction:", of_iteration[row]);
    }
    errors.push_back(error_for_all_lights);
    seeds::print("Error:", error_for_all_lights);
  }
  golden("error", errors);
  golden("predictions", predictions);
  golden("final weights", weights.values);
  return golden.result();
}
