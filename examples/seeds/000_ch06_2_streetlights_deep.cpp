// Text 000, chapter 6.22: the first deep network. Between the lights and the answer there are four
// hidden units with a relu; backpropagation tells them what they did wrong.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "check.hpp"
#include "matrix.hpp"
#include "numpy_random.hpp"
#include "squared_error.hpp"

using network =
    mote::network<mote::input<3>, // layer_0
                  mote::dense<4, mote::initializers::automatic, mote::bias::none>,
                  mote::relu,                                                       // layer_1
                  mote::dense<1, mote::initializers::automatic, mote::bias::none>>; // layer_2
using trainer =
    mote::trainer<network, seeds::squared_error, mote::sgd<double>, 1, double, mote::isa::generic>;

constexpr std::array<std::array<double, 3>, 4> streetlights{
    {{1, 0, 1}, {0, 1, 1}, {0, 0, 1}, {1, 1, 1}}};
constexpr std::array<double, 4> walk_vs_stop{1, 1, 0, 0};

/// 2 * np.random.random((Rows, Columns)) - 1
template <std::size_t Rows, std::size_t Columns>
static mote::tensor<double, Rows, Columns> random_matrix(seeds::numpy_random& random) {
  mote::tensor<double, Rows, Columns> matrix;
  for (double& element : matrix.values) {
    element = 2 * random.random() - 1;
  }
  return matrix;
}

/// The text's deltas are goal - prediction; mote's gradients have the other sign.
static std::vector<double> negated(std::span<const double> gradient) {
  std::vector<double> result(gradient.begin(), gradient.end());
  for (double& element : result) {
    element = -element;
  }
  return result;
}

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 000, chapter 6.22: streetlights, the first deep network");

  trainer all({.learning_rate = 0.2}, 0);
  auto& weights_0_1 = mote::get<0>(all.parameters).weights;
  auto& weights_1_2 = mote::get<2>(all.parameters).weights;
  seeds::numpy_random random(1);
  weights_0_1 = seeds::transposed(random_matrix<3, 4>(random));
  weights_1_2 = seeds::transposed(random_matrix<4, 1>(random));
  golden("initial weights_0_1", seeds::transposed(weights_0_1).values);
  golden("initial weights_1_2", seeds::transposed(weights_1_2).values);

  std::vector<double> errors;
  for (int iteration = 0; iteration < 60; ++iteration) {
    double error = 0;
    for (std::size_t row = 0; row < streetlights.size(); ++row) {
      const bool first = iteration == 0 && row == 0;
      std::ranges::copy(streetlights[row], all.workspace.input()[0].begin());
      error +=
          all.step(1, mote::batch_view<const double, 1>{&walk_vs_stop[row], 1}, [&](auto layer_2) {
            if (first) {
              golden("first layer_1", all.workspace.value<2>()[0]);
              golden("first layer_2", layer_2[0]);
            }
          });
      if (first) {
        golden("first layer_1_delta", negated(all.workspace.gradient<1>()[0]));
        golden("first layer_2_delta", negated(all.workspace.output_gradient()[0]));
      }
    }
    errors.push_back(error);
    if (iteration % 10 == 9) {
      seeds::print("Error:", error);
    }
  }

  std::vector<double> predictions;
  for (const auto& lights : streetlights) {
    std::ranges::copy(lights, all.workspace.input()[0].begin());
    predictions.push_back(mote::forward<mote::isa::generic>(all.parameters, all.workspace)[0][0]);
  }
  seeds::print("Predictions:", predictions);

  golden("error", errors);
  golden("final weights_0_1", seeds::transposed(weights_0_1).values);
  golden("final weights_1_2", seeds::transposed(weights_1_2).values);
  golden("final predictions", predictions);
  return golden.result();
}
