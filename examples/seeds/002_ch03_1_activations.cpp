// Text 002, chapter 3: activation functions on small vectors. A network may be nothing but one of
// them.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "check.hpp"

/// Softmax by its definition, which overflows where mote::softmax, the text's second form, does
/// not.
struct naive_softmax : mote::layer {
  static constexpr const char* name = "naive softmax";
  using expects = mote::needs::vector;

  static constexpr mote::shape output(const mote::shape& in) { return in; }

  template <class Pass>
  static void forward(const Pass& pass) {
    double sum = 0;
    for (std::size_t i = 0; i < Pass::input_shape.size(); ++i) {
      pass.output[0][i] = std::exp(pass.input[0][i]);
      sum += pass.output[0][i];
    }
    for (double& y : pass.output[0]) {
      y /= sum;
    }
  }
};

/// A layer as a function.
template <class Layer, std::size_t Size>
static std::array<double, Size> applied(const std::array<double, Size>& x) {
  using network = mote::network<mote::input<Size>, Layer>;
  mote::workspace<network, double> memory;
  std::ranges::copy(x, memory.input()[0].begin());
  std::array<double, Size> y;
  std::ranges::copy(
      mote::forward<mote::isa::generic>(mote::parameters<network, double>{}, memory)[0], y.begin());
  return y;
}

int main(int argc, char** argv) {
  seeds::golden golden(argc, argv);
  seeds::print("text 002, chapter 3: activation functions");
  const auto show = [&](const char* name, const auto& y) {
    seeds::print(name, y);
    golden(name, y);
  };

  std::array<double, 10> x;
  std::iota(x.begin(), x.end(), -5.0); // np.arange(-5.0, 5.0, 1.0)
  // The text's formula of the step has 1 at x = 0, its code has 0, as mote::step.
  show("step", applied<mote::step>(std::array<double, 6>{1, -1, 1, 3, -3, -4}));
  show("sigmoid", applied<mote::sigmoid>(x));
  show("relu", applied<mote::relu>(x));

  constexpr std::array a{0.3, 2.9, 4.0};
  const auto y = applied<mote::softmax>(a);
  show("softmax as defined", applied<naive_softmax>(a));
  show("softmax shifted", y);
  show("sum of softmax", std::accumulate(y.begin(), y.end(), 0.0));

  constexpr std::array large{1010.0, 1000.0, 990.0};
  show("softmax of large inputs as defined", applied<naive_softmax>(large)); // overflows
  show("softmax of large inputs shifted", applied<mote::softmax>(large));
  return golden.result();
}
