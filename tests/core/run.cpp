#include <mote/core/run.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/tanh.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

using small = network<input<1, 2, 1>, flatten, dense<2>, relu, dense<1>>;

/// y = 2 max(x0 + 2 x1 + 1, 0) - max(3 x0 - x1, 0) + 4
constexpr parameters<small> make_small() {
  parameters<small> weights{};
  get<1>(weights).weights.values = {1.0f, 2.0f, 3.0f, -1.0f};
  get<1>(weights).bias.values = {1.0f, 0.0f};
  get<3>(weights).weights.values = {2.0f, -1.0f};
  get<3>(weights).bias.values = {4.0f};
  return weights;
}

struct small_model {
  using network = small;
  static constexpr mote::parameters<small> parameters = make_small();
};

/// x = (1, 1): relu(4) = 4, relu(2) = 2; (-3, 1): relu(0) = 0, relu(-10) = 0; (2, -1): 1 and 7.
constexpr std::array<float, 6> small_inputs{1.0f, 1.0f, -3.0f, 1.0f, 2.0f, -1.0f};
constexpr std::array<float, 3> small_outputs{10.0f, 4.0f, -1.0f};

using smooth = network<input<5>, dense<7>, mote::tanh, dense<3>>;

} // namespace

TEST_CASE("forward computes what the layers say, with every instruction set", "[core][run]") {
  support::for_each_isa([]<class Isa>(Isa) {
    INFO(Isa::name);
    workspace<small, float, 3> memory{};
    std::copy(small_inputs.begin(), small_inputs.end(), memory.input().data);
    const auto output = forward<Isa>(make_small(), memory);
    REQUIRE(output.rows == 3);
    CHECK(std::equal(small_outputs.begin(), small_outputs.end(), output.data));
  });
}

TEST_CASE("a model runs on its constants", "[core][run]") {
  workspace<small, float, 3> memory{};
  std::copy(small_inputs.begin(), small_inputs.end(), memory.input().data);
  const auto output = forward<small_model>(memory);
  CHECK(std::equal(small_outputs.begin(), small_outputs.end(), output.data));

  constexpr float in_the_compiler = [] {
    workspace<small> one{};
    one.input()[0][0] = 2.0f;
    one.input()[0][1] = -1.0f;
    return forward<small_model>(one)[0][0];
  }();
  CHECK(in_the_compiler == -1.0f);
}

TEST_CASE("a row's output does not depend on the rows that run with it", "[core][run]") {
  support::for_each_isa([]<class Isa>(Isa) {
    INFO(Isa::name);
    constexpr std::size_t batch = 7; // a full block of rows and a rest, whatever the block
    parameters<smooth> weights{};
    std::array<float, batch * 5> inputs{};
    support::noise random;
    random.fill(weights);
    random.fill(std::span<float>{inputs});

    workspace<smooth, float, batch> memory{};
    std::copy(inputs.begin(), inputs.end(), memory.input().data);
    const auto whole = forward<Isa>(weights, memory);
    const std::vector<float> expected(whole.data, whole.data + batch * 3);

    for (std::size_t rows = 1; rows <= batch; ++rows) {
      CAPTURE(rows);
      std::copy_n(inputs.begin(), rows * 5, memory.input().data);
      const auto output = forward<Isa>(weights, memory, rows);
      REQUIRE(output.rows == rows);
      CHECK(std::equal(output.data, output.data + rows * 3, expected.begin()));
    }
  });
}

TEST_CASE("no more rows run than the workspace has", "[core][run]") {
  constexpr std::size_t too_many = std::numeric_limits<std::size_t>::max();
  const auto weights = make_small();
  workspace<small, float, 3, training> memory{};
  gradients<small> slopes{};
  random_source random{1};
  std::copy(small_inputs.begin(), small_inputs.end(), memory.input().data);
  CHECK(forward(weights, memory, too_many).rows == 3);
  std::copy(small_inputs.begin(), small_inputs.end(), memory.input().data);
  CHECK(train_forward(weights, memory, random, 4).rows == 3);
  std::fill_n(memory.output_gradient().data, 3, 1.0f);
  backward(weights, memory, slopes, too_many);
  CHECK(get<3>(slopes).bias[0] == 3.0f); // one for each row
}

TEST_CASE("no rows are none", "[core][run]") {
  workspace<small, float, 3> memory{};
  CHECK(forward(make_small(), memory, 0).rows == 0);
}

TEST_CASE("the observer sees every layer's output, in order", "[core][run]") {
  workspace<small> memory{};
  memory.input()[0][0] = 2.0f;
  memory.input()[0][1] = -1.0f;
  std::vector<std::vector<float>> seen;
  forward(make_small(), memory, 1, [&](std::size_t layer, auto view) {
    REQUIRE(layer == seen.size());
    const auto elements = view.elements();
    seen.emplace_back(elements.begin(), elements.end());
  });
  const std::vector<std::vector<float>> expected{{2, -1}, {1, 7}, {1, 7}, {-1}};
  CHECK(seen == expected);
}

TEST_CASE("train_forward differs from forward where a layer says so", "[core][run]") {
  using with = network<input<64>, dropout<50>>;
  using without = network<input<64>, mote::tanh>;
  const auto outputs = []<class Net>(std::type_identity<Net>, bool train) {
    const parameters<Net> weights{};
    workspace<Net, float, 1, training> memory{};
    random_source random{5};
    std::fill_n(memory.input().data, 64, 0.5f);
    const auto y = train ? train_forward(weights, memory, random) : forward(weights, memory);
    return std::vector<float>(y.data, y.data + 64);
  };
  CHECK(outputs(std::type_identity<with>{}, false) == std::vector<float>(64, 0.5f));
  const auto dropped = outputs(std::type_identity<with>{}, true);
  CHECK(std::count(dropped.begin(), dropped.end(), 0.0f) > 0);
  CHECK(std::count(dropped.begin(), dropped.end(), 1.0f) > 0);
  CHECK(outputs(std::type_identity<without>{}, true) ==
        outputs(std::type_identity<without>{}, false));
}

TEST_CASE("backward gives the gradients by hand and overwrites what was there", "[core][run]") {
  // At x = (2, -1): hidden sums 1 and 7, both positive. dy = 1, so d hidden = (2, -1).
  support::for_each_isa([]<class Isa>(Isa) {
    INFO(Isa::name);
    support::subject<small, float> all;
    all.weights = make_small();
    visit_tensors<small>([](auto, const field&, auto& tensor) { tensor.values.fill(1e30f); },
                         all.slopes);
    CHECK(all.template forward<Isa>({2.0f, -1.0f}) == std::array{-1.0f});
    CHECK(all.template backward<Isa>({1.0f}) == std::array{2.0f - 3.0f, 4.0f + 1.0f});
    CHECK(get<1>(all.slopes).weights.values == std::array{4.0f, -2.0f, -2.0f, 1.0f});
    CHECK(get<1>(all.slopes).bias.values == std::array{2.0f, -1.0f});
    CHECK(get<3>(all.slopes).weights.values == std::array{1.0f, 7.0f});
    CHECK(get<3>(all.slopes).bias.values == std::array{1.0f});
  });
}

TEST_CASE("a batch's gradient is the sum of its samples'", "[core][run]") {
  support::for_each_isa([]<class Isa>(Isa) {
    INFO(Isa::name);
    constexpr std::size_t batch = 5;
    support::subject<smooth, double, batch> together;
    support::subject<smooth, double> alone;
    support::noise random;
    random.fill(together.weights);
    alone.weights = together.weights;
    typename decltype(together)::input inputs{};
    typename decltype(together)::output slopes{};
    random.fill(std::span<double>{inputs});
    random.fill(std::span<double>{slopes});
    together.template forward<Isa>(inputs);
    const auto input_slopes = together.template backward<Isa>(slopes);

    gradients<smooth, double> sum{};
    for (std::size_t row = 0; row < batch; ++row) {
      std::array<double, 5> x{};
      std::array<double, 3> dy{};
      std::copy_n(&inputs[row * 5], 5, x.begin());
      std::copy_n(&slopes[row * 3], 3, dy.begin());
      alone.template forward<Isa>(x);
      const auto dx = alone.template backward<Isa>(dy);
      for (std::size_t i = 0; i < 5; ++i) {
        CHECK(support::close(dx[i], input_slopes[row * 5 + i], 1e-14));
      }
      visit_tensors<smooth>(
          [](auto, const field&, auto& total, const auto& part) {
            for (std::size_t i = 0; i < total.size; ++i) {
              total[i] += part[i];
            }
          },
          sum, alone.slopes);
    }
    CHECK(support::all_parameters<smooth>(
        sum, together.slopes, [](double a, double b) { return support::close(a, b, 1e-13); }));
  });
}

TEST_CASE("rows that do not run add nothing to the gradients", "[core][run]") {
  const auto slopes_with_rest = [](float rest) {
    support::subject<smooth, float, 4> all;
    support::noise random;
    random.fill(all.weights);
    std::fill_n(all.memory.input().data, 4 * 5, rest);
    random.fill(all.memory.input(2).elements());
    train_forward(all.weights, all.memory, all.random, 2);
    std::fill_n(all.memory.output_gradient().data, 4 * 3, rest);
    random.fill(all.memory.output_gradient(2).elements());
    backward(all.weights, all.memory, all.slopes, 2);
    return all.slopes;
  };
  CHECK(support::same_parameters<smooth>(slopes_with_rest(0.0f), slopes_with_rest(1e20f)));
}

TEST_CASE("the parameters' gradients are the same whether or not the input's is wanted",
          "[core][run]") {
  using net = network<input<2, 3, 1>, flatten, mote::tanh, dense<4>, relu, dense<2>>;
  const auto slopes_in = []<class Mode>(Mode) {
    parameters<net> weights{};
    workspace<net, float, 2, Mode> memory{};
    gradients<net> slopes{};
    random_source generator{1};
    support::noise random;
    random.fill(weights);
    random.fill(memory.input().elements());
    train_forward(weights, memory, generator);
    random.fill(memory.output_gradient().elements());
    backward(weights, memory, slopes);
    return slopes;
  };
  CHECK(support::same_parameters<net>(slopes_in(training{}),
                                      slopes_in(training_with_input_gradient{})));
}
