// A layer of your own has the same rights as the library's: here an activation, in ten lines,
// checked against numerical gradients.
#include <mote/mote.hpp>

#include <cstdio>

/// softsign: y = x / (1 + |x|); dy/dx = (1 - |y|)^2.
struct softsign : mote::activation<softsign> {
  static constexpr const char* name = "softsign";

  template <class T>
  static constexpr T apply(T x) {
    return x / (T{1} + mote::math::absolute(x));
  }
  template <class T>
  static constexpr T derivative(T, T y) {
    const T distance = T{1} - mote::math::absolute(y);
    return distance * distance;
  }
};

using network = mote::network<mote::input<5>, mote::dense<7>, softsign, mote::dense<3>>;

int main() {
  mote::random_source generator{1};
  mote::parameters<network, double> weights{};
  mote::initialize(weights, generator);
  mote::tensor<double, 4, 5> inputs;
  for (double& value : inputs.values) {
    value = generator.normal<double>();
  }
  const std::uint8_t labels[4] = {0, 1, 2, 1};

  mote::workspace<network, double, 4, mote::training_with_input_gradient> memory;
  mote::gradients<network, double> slopes;
  const auto result = mote::check_gradients<mote::softmax_cross_entropy>(
      weights, inputs, std::span<const std::uint8_t>(labels), memory, slopes);
  std::printf("%zu derivatives, largest relative error %.1e (layer %zu, %s)\n", result.compared,
              result.relative_error, result.layer, result.tensor);
  return result.relative_error < 1e-6 ? 0 : 1;
}
