// Layers, activations, losses and optimizers of your own have the same rights as the library's.
// Here is one of each; their gradients are checked against differences, then they learn together.
#include <mote/mote.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>

/// A layer with parameters: y = gain . x + shift, element by element.
struct scale : mote::layer {
  static constexpr const char* name = "scale";
  static constexpr bool backward_reads_input = true;

  template <mote::shape In, class T>
  struct parameters {
    mote::tensor<T, In.size()> gain;
    mote::tensor<T, In.size()> shift;

    // Calls f once for each tensor, with a description: what initializes, trains and stores it.
    template <class F, class... Parameters>
    static constexpr void visit(F&& f, Parameters&... p) {
      mote::field gains{"gain", mote::role::bias}; // like a bias it does not decay ...
      gains.initial = 1.0f;                        // ... and does not start at random
      f(gains, p.gain...);
      f(mote::field{"shift", mote::role::bias}, p.shift...);
    }
  };

  static constexpr mote::shape output(const mote::shape& in) { return in; }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    for (std::size_t row = 0; row < pass.input.rows; ++row) {
      for (std::size_t i = 0; i < Pass::input_shape.size(); ++i) {
        pass.output[row][i] =
            pass.parameters.gain[i] * pass.input[row][i] + pass.parameters.shift[i];
      }
    }
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    pass.gradients = {};
    for (std::size_t row = 0; row < pass.input.rows; ++row) {
      for (std::size_t i = 0; i < Pass::input_shape.size(); ++i) {
        const auto slope = pass.output_gradient[row][i];
        pass.gradients.gain[i] += slope * pass.input[row][i];
        pass.gradients.shift[i] += slope;
        if constexpr (Pass::wants_input_gradient) {
          pass.input_gradient[row][i] = slope * pass.parameters.gain[i];
        }
      }
    }
  }
};

/// An activation: softsign, y = x / (1 + |x|); dy/dx = (1 - |y|)^2.
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

/// A loss: Cauchy's, ln(1 + (y - t)^2), which forgives outliers.
struct cauchy : mote::elementwise_loss<cauchy> {
  static constexpr const char* name = "cauchy";

  template <class T>
  static constexpr T value(T y, T t) {
    return mote::math::log1p((y - t) * (y - t));
  }
  template <class T>
  static constexpr T slope(T y, T t) {
    return T{2} * (y - t) / (T{1} + (y - t) * (y - t));
  }
};

/// An optimizer: a step of fixed length against the sign of each gradient.
struct sign_descent {
  float learning_rate = 0.01f;

  template <class Net>
  struct state {}; // what it remembers from step to step: nothing

  template <class Net>
  constexpr void update(mote::parameters<Net>& weights, const mote::gradients<Net>& slopes,
                        state<Net>&) const {
    mote::visit_tensors<Net>(
        [&](auto, const mote::field& description, auto& w, const auto& g) {
          for (std::size_t i = 0; description.is_trained() && i < w.size; ++i) {
            w[i] -= g[i] > 0.0f ? learning_rate : g[i] < 0.0f ? -learning_rate : 0.0f;
          }
        },
        weights, slopes);
  }
};

using network = mote::network<mote::input<5>, scale, mote::dense<7>, softsign, mote::dense<3>>;

/// Compares every derivative with a difference, in double.
bool gradients_are_right() {
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
  const auto result = mote::check_gradients<cauchy>(
      weights, inputs, std::span<const std::uint8_t>(labels), memory, slopes);
  std::printf("%zu derivatives, largest relative error %.1e (layer %zu, %s)\n", result.compared,
              result.relative_error, result.layer, result.tensor);
  return result.relative_error < 1e-6;
}

/// Learns which of three inputs is the largest.
bool learns() {
  mote::trainer<network, cauchy, sign_descent, 16> teacher{{}, 2};
  std::uint8_t labels[16];
  float loss = 0.0f;
  for (int step = 0; step < 2000; ++step) {
    for (std::size_t row = 0; row < 16; ++row) {
      const auto x = teacher.workspace.input()[row];
      for (float& value : x) {
        value = teacher.random.uniform<float>();
      }
      labels[row] = x[1] > x[0] ? (x[2] > x[1] ? 2 : 1) : (x[2] > x[0] ? 2 : 0);
    }
    teacher.optimizer.learning_rate = 0.01f * (1.0f - static_cast<float>(step) / 2000.0f);
    const float now = teacher.step(16, std::span<const std::uint8_t>(labels));
    loss = step == 0 ? now : 0.99f * loss + 0.01f * now;
    if (step % 500 == 0 || step == 1999) {
      std::printf("step %4d: loss %.3f\n", step, static_cast<double>(loss));
    }
  }
  return loss < 0.08f; // 0.19 is guessing
}

int main() {
  return gradients_are_right() && learns() ? 0 : 1;
}
