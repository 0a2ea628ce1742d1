// Text 003, chapter 4: derivatives without formulas, and going downhill along them.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "check.hpp"
#include "numerical_gradient.hpp"

/// f(x) = 0.01 x^2 + 0.1 x, as an activation: it is a function with a derivative.
struct parabola : mote::activation<parabola> {
  static constexpr const char* name = "parabola";
  static constexpr bool backward_reads_input = true; // the derivative is written with x

  template <class T>
  static constexpr T apply(T x) {
    return T(0.01) * (x * x) + T(0.1) * x;
  }
  template <class T>
  static constexpr T derivative(T x, T) {
    return (x + T(5)) / T(50); // 0.02 x + 0.1, rounded only once
  }
};

/// A point (x0, x1): a network whose input is 1 and whose two weights, and outputs, are x0 and x1.
using point =
    mote::network<mote::input<1>, mote::dense<2, mote::initializers::automatic, mote::bias::none>>;

/// f(x0, x1) = x0^2 + x1^2, at a point.
struct bowl {
  mote::workspace<point, double> memory{};

  double operator()(const mote::parameters<point, double>& at) {
    memory.input()[0][0] = 1;
    const auto x = mote::forward<mote::isa::generic>(at, memory)[0];
    return x[0] * x[0] + x[1] * x[1];
  }
};

/// The gradient of the bowl.
static mote::gradients<point, double> slope_at(mote::parameters<point, double>& at) {
  bowl f;
  mote::gradients<point, double> slopes;
  seeds::numerical_gradient(
      at, [&] { return f(at); }, slopes);
  return slopes;
}

static auto descend(std::array<double, 2> from, double learning_rate, int steps) {
  mote::parameters<point, double> at;
  auto& x = mote::get<0>(at).weights.values;
  x = from;
  mote::sgd<double>::state<point> none;
  for (int step = 0; step < steps; ++step) {
    mote::sgd<double>{learning_rate}.update(at, slope_at(at), none);
  }
  return x;
}

/// The derivative that backward finds with the parabola's own formula.
static double analytic_derivative(double x) {
  using network = mote::network<mote::input<1>, parabola>;
  mote::parameters<network, double> weights;
  mote::gradients<network, double> slopes;
  mote::workspace<network, double, 1, mote::training_with_input_gradient> memory;
  mote::random_source random(0);
  memory.input()[0][0] = x;
  mote::train_forward<mote::isa::generic>(weights, memory, random);
  memory.output_gradient()[0][0] = 1;
  mote::backward<mote::isa::generic>(weights, memory, slopes);
  return memory.input_gradient()[0][0];
}

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 003, chapter 4: numerical differentiation and gradient descent");

  std::vector<double> numeric;
  std::vector<double> analytic;
  for (const double x : {5.0, 10.0}) {
    numeric.push_back(seeds::numerical_derivative(parabola::apply<double>, x));
    analytic.push_back(analytic_derivative(x));
    seeds::print("derivative of 0.01 x^2 + 0.1 x at", x, "is", numeric.back(), "by formula",
                 analytic.back());
  }
  golden("derivative, numeric", numeric);
  golden("derivative, analytic", analytic);

  std::vector<std::array<double, 2>> gradients;
  for (const auto& x : {std::array{3.0, 4.0}, std::array{0.0, 2.0}, std::array{3.0, 0.0}}) {
    mote::parameters<point, double> at;
    mote::get<0>(at).weights.values = x;
    gradients.push_back(mote::get<0>(slope_at(at)).weights.values);
    seeds::print("gradient of x0^2 + x1^2 at", x, "is", gradients.back());
  }
  golden("gradient", gradients);

  struct run {
    double learning_rate;
    int steps;
  };
  std::vector<std::array<double, 2>> reached;
  // A rate of 10 is too much, one of 1e-10 too little.
  for (const run& with : {run{0.1, 20}, run{0.1, 100}, run{10.0, 100}, run{1e-10, 100}}) {
    reached.push_back(descend({-3.0, 4.0}, with.learning_rate, with.steps));
    seeds::print("from (-3, 4) with rate", with.learning_rate, "after", with.steps,
                 "steps:", reached.back());
  }
  golden("gradient descent", reached);
  return golden.result();
}
