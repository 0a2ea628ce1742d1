// Text 000, chapter 5.4: gradient descent with three inputs and three outputs.
//
// The listing has a defect that decides its numbers: it forms the outer product of inputs and
// deltas with the indices exchanged, so that weight [i][j] is moved by input i times delta j
// instead of input j times delta i. The errors then settle at 0.011, 0.004 and 0.617. Here that is
// an optimizer of our own, and the same network with the right one is printed after it: its errors
// vanish.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "check.hpp"
#include "matrix.hpp"
#include "squared_error.hpp"

/// The listing's rule: gradient descent with the gradient of a square matrix transposed.
struct transposed_sgd {
  double learning_rate;

  template <class Net>
  struct state {};

  template <class Net>
  void update(mote::parameters<Net, double>& weights, const mote::gradients<Net, double>& slopes,
              state<Net>&) const {
    auto exchanged = slopes;
    mote::get<0>(exchanged).weights = seeds::transposed(mote::get<0>(slopes).weights);
    mote::sgd<double>::state<Net> none;
    mote::sgd<double>{learning_rate}.update(weights, exchanged, none);
  }
};

using network =
    mote::network<mote::input<3>, mote::dense<3, mote::initializers::automatic, mote::bias::none>>;

template <class Optimizer>
static void learn(const std::string& rule, seeds::golden& golden) {
  constexpr std::array input{8.5, 0.65, 1.2};
  constexpr std::array<double, 3> goals{0.1, 1, 0.1};
  mote::trainer<network, seeds::squared_error, Optimizer, 1, double, mote::isa::generic> all(
      {.learning_rate = 0.01}, 0);
  auto& weights = mote::get<0>(all.parameters).weights;
  weights.values = {0.1, 0.1, -0.3, //
                    0.1, 0.2, 0.0,  //
                    0.0, 1.3, 0.1};

  seeds::print(rule);
  std::vector<std::array<double, 3>> errors(2000);
  std::vector<std::array<double, 3>> predictions(2000);
  for (std::size_t iteration = 0; iteration < 2000; ++iteration) {
    std::ranges::copy(input, all.workspace.input()[0].begin());
    all.step(1, mote::batch_view<const double, 3>{goals.data(), 1}, [&](auto output) {
      std::ranges::copy(output[0], predictions[iteration].begin());
      for (std::size_t i = 0; i < 3; ++i) {
        const double delta = output[0][i] - goals[i];
        errors[iteration][i] = seeds::squared(delta);
      }
    });
    if (iteration < 10 || iteration % 100 == 0 || iteration >= 1979) {
      seeds::print("Iteration:", static_cast<double>(iteration), "Error:", errors[iteration],
                   "Prediction:", predictions[iteration]);
    }
  }
  golden(rule + ": errors", golden.pick(rule + ": iteration", errors));
  golden(rule + ": predictions", golden.pick(rule + ": iteration", predictions));
  golden(rule + ": final weights", weights.values);
}

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 000, chapter 5.4: gradient descent with three inputs and three outputs");
  learn<transposed_sgd>("as listed", golden);
  learn<mote::sgd<double>>("corrected", golden);
  return golden.result();
}
