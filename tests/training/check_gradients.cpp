#include <mote/layers/activation.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/tanh.hpp>
#include <mote/losses/softmax_cross_entropy.hpp>
#include <mote/training/check_gradients.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

/// tanh with a derivative that is right only near 0.
struct wrong_tanh : activation<wrong_tanh> {
  template <class T>
  static constexpr T apply(T x) {
    return math::tanh(x);
  }
  template <class T>
  static constexpr T derivative(T, T y) {
    return T{1} - y;
  }
};

/// A layer of a user's own: one factor per element. What it gives back is wrong as told.
enum class fault { none, in_one_factor, in_the_input_gradient, not_a_number };

template <fault Fault>
struct scale_elements : layer {
  static constexpr const char* name = "scale";
  static constexpr bool backward_reads_input = true;

  template <shape In, class T>
  struct parameters {
    tensor<T, In.size()> factors;
    template <class F, class... Parameters>
    static constexpr void visit(F&& f, Parameters&... p) {
      f(field{"factors", role::weight, 1, 1}, p.factors...);
    }
  };

  static constexpr shape output(const shape& in) { return in; }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    for (std::size_t row = 0; row < pass.input.rows; ++row) {
      for (std::size_t i = 0; i < Pass::input_shape.size(); ++i) {
        pass.output[row][i] = pass.parameters.factors[i] * pass.input[row][i];
      }
    }
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    pass.gradients.factors = {};
    for (std::size_t row = 0; row < pass.input.rows; ++row) {
      for (std::size_t i = 0; i < Pass::input_shape.size(); ++i) {
        const auto slope = pass.output_gradient[row][i];
        pass.gradients.factors[i] += slope * pass.input[row][i];
        if constexpr (Pass::wants_input_gradient) {
          pass.input_gradient[row][i] = slope * pass.parameters.factors[i] *
                                        (Fault == fault::in_the_input_gradient ? 1.001 : 1.0);
        }
      }
    }
    if constexpr (Fault == fault::in_one_factor) {
      pass.gradients.factors[3] *= 1.0001;
    }
    if constexpr (Fault == fault::not_a_number) {
      pass.gradients.factors[1] = std::numeric_limits<double>::quiet_NaN();
    }
  }
};

template <fault Fault>
using with_fault = network<input<3>, dense<5>, scale_elements<Fault>, mote::tanh, dense<2>>;

} // namespace

TEST_CASE("a right gradient passes, in a layer of a user's own too", "[training]") {
  const auto result = support::check_network<with_fault<fault::none>, 3>();
  CAPTURE(result.layer, result.tensor, result.element, result.analytic, result.numeric);
  CHECK(result.relative_error < 1e-6);
  CHECK(result.relative_error > 0.0); // two ways of computing do not agree to the last bit
  CHECK(result.compared == 3 * 3 + (15 + 5) + 5 + (10 + 2));
}

TEST_CASE("a wrong derivative of an activation is caught", "[training]") {
  using net = network<input<3>, dense<5>, wrong_tanh, dense<2>>;
  CHECK(support::check_network<net, 3>().relative_error > 0.01);
}

TEST_CASE("one wrong element among all is caught and named", "[training]") {
  const auto result = support::check_network<with_fault<fault::in_one_factor>, 3>();
  CHECK(support::close(result.relative_error, 1e-4, 1e-6));
  CHECK(result.layer == 1);
  CHECK(std::string(result.tensor) == "factors");
  CHECK(result.element == 3);
  CHECK(support::close(result.analytic, 1.0001 * result.numeric, 1e-8));
}

TEST_CASE("a wrong gradient by a layer's input is caught", "[training]") {
  // It shows in the layer before and in the gradient by the network's input.
  const auto result = support::check_network<with_fault<fault::in_the_input_gradient>, 3>();
  CHECK(result.relative_error > 0.9e-3);
  CHECK((result.layer == 0 || result.layer == with_fault<fault::none>::size));

  const auto alone =
      support::check_network<network<input<4>, scale_elements<fault::in_the_input_gradient>>, 1>();
  CHECK(support::close(alone.relative_error, 1e-3, 1e-5));
  CHECK(alone.layer == 1); // the number of layers stands for the input
  CHECK(std::string(alone.tensor) == "input");
}

TEST_CASE("a gradient that is not a number is not hidden by those that are", "[training]") {
  const auto result = support::check_network<with_fault<fault::not_a_number>, 3>();
  CHECK_FALSE(result.relative_error < 1e30);
  CHECK(result.layer == 1);
  CHECK(result.element == 1);
}

TEST_CASE("labels serve as targets, and the parameters stay as they were", "[training]") {
  using net = network<input<4>, dense<6>, mote::tanh, dense<3>>;
  support::subject<net, double, 5> all;
  tensor<double, 5, 4> inputs{};
  support::noise random;
  random.fill(all.weights);
  random.fill(std::span<double>{inputs.values});
  const auto before = all.weights;
  const std::array<std::uint8_t, 5> labels{0, 1, 2, 2, 0};
  const auto result = check_gradients<softmax_cross_entropy>(
      all.weights, inputs, std::span<const std::uint8_t>{labels}, all.memory, all.slopes);
  CHECK(result.relative_error < 1e-6);
  CHECK(support::same_parameters<net>(before, all.weights));
}

TEST_CASE("no more elements of a tensor are compared than asked for", "[training]") {
  using net = network<input<7>, dense<9>>; // tensors of 7 inputs, 63 weights, 9 biases
  const auto compared_with = [](std::size_t elements) {
    support::subject<net, double> all;
    tensor<double, 1, 7> inputs{};
    tensor<double, 1, 9> targets{};
    gradient_check_settings settings;
    settings.elements_per_tensor = elements;
    return check_gradients<mean_squared_error>(all.weights, inputs,
                                               batch_view<const double, 9>{targets.data(), 1},
                                               all.memory, all.slopes, settings)
        .compared;
  };
  CHECK(compared_with(1) == 3);
  CHECK(compared_with(8) == 7 + 8 + 5); // every first, eighth and second element
  CHECK(compared_with(62) == 7 + 32 + 9);
  CHECK(compared_with(63) == 7 + 63 + 9);
  CHECK(compared_with(1000) == 7 + 63 + 9);
}
