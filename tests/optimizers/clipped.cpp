#include <mote/layers/batch_norm.hpp>
#include <mote/layers/frozen.hpp>
#include <mote/layers/tanh.hpp>
#include <mote/losses/mean_squared_error.hpp>
#include <mote/optimizers/adam.hpp>
#include <mote/optimizers/clipped.hpp>
#include <mote/optimizers/sgd.hpp>
#include <mote/training/trainer.hpp>

#include <limits>
#include <span>

#include "steps.hpp"

namespace {

using namespace mote;

using net = network<input<1>, dense<1>, dense<1>>;

/// The gradients of the two weights and the two biases.
template <class Net, class T>
gradients<Net, T> gradient_of(T w0, T b0, T w1, T b1) {
  gradients<Net, T> slopes{};
  get<0>(slopes).weights[0] = w0;
  get<0>(slopes).bias[0] = b0;
  get<1>(slopes).weights[0] = w1;
  get<1>(slopes).bias[0] = b1;
  return slopes;
}

} // namespace

TEST_CASE("gradient_norm: all parameters are one vector", "[optimizers][clipped]") {
  // 1 + 4 + 16 + 4 = 25.
  CHECK(gradient_norm(gradient_of<net>(1.0, -2.0, 4.0, 2.0)) == 5.0);
  CHECK(gradient_norm(gradients<net>{}) == 0.0f);
  // Those that are not trained do not count.
  using half = network<input<1>, frozen<dense<1>>, dense<1>>;
  CHECK(gradient_norm(gradient_of<half>(100.0f, 100.0f, 3.0f, 4.0f)) == 5.0f);
}

TEST_CASE("gradient_norm: squares neither over- nor underflow", "[optimizers][clipped]") {
  CHECK(support::close(gradient_norm(gradient_of<net>(3e30f, 0.0f, -4e30f, 0.0f)), 5e30f, 1e24f));
  CHECK(
      support::close(gradient_norm(gradient_of<net>(3e-30f, 0.0f, -4e-30f, 0.0f)), 5e-30f, 1e-36f));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(gradient_norm(gradient_of<net>(1.0f, nan, 2.0f, 0.0f))));
  CHECK(std::isnan(gradient_norm(gradient_of<net>(nan, 1.0f, 2.0f, 0.0f))));
}

TEST_CASE("clipped by norm: shortens what is too long, in its direction", "[optimizers][clipped]") {
  const clipped_by_norm<sgd<double>> optimizer{{.learning_rate = 1.0}, 2.5};
  sgd<double>::state<net> state{};
  parameters<net, double> weights{};
  auto slopes = gradient_of<net>(1.0, -2.0, 4.0, 2.0); // of length 5
  optimizer.update(weights, slopes, state);
  CHECK(get<0>(weights).weights[0] == -0.5);
  CHECK(get<0>(weights).bias[0] == 1.0);
  CHECK(get<1>(weights).weights[0] == -2.0);
  CHECK(get<1>(weights).bias[0] == -1.0);

  weights = {};
  slopes = gradient_of<net>(0.5, -1.0, 2.0, 1.0); // of length 2.5: left alone
  optimizer.update(weights, slopes, state);
  CHECK(get<1>(weights).weights[0] == -2.0);
  CHECK(get<1>(slopes).weights[0] == 2.0);
}

TEST_CASE("clipped by norm: a gradient that explodes", "[optimizers][clipped]") {
  const clipped_by_norm<sgd<float>> optimizer{{.learning_rate = 1.0f}, 5.0f};
  sgd<float>::state<net> state{};
  parameters<net> weights{};
  auto slopes = gradient_of<net>(3e37f, 0.0f, -4e37f, 0.0f);
  optimizer.update(weights, slopes, state);
  CHECK(support::close(get<0>(weights).weights[0], -3.0f, 1e-6f));
  CHECK(support::close(get<1>(weights).weights[0], 4.0f, 1e-6f));
}

TEST_CASE("clipped by value: each element for itself", "[optimizers][clipped]") {
  // The gradients 1, -0.5, 2 become 0.75, -0.5, 0.75.
  const clipped_by_value<sgd<double>> optimizer{{.learning_rate = 1.0}, 0.75};
  support::check_steps(support::three_steps(optimizer), {{{1.25, 2.25}, {1.75, 2.75}, {1.0, 2.0}}});
}

TEST_CASE("clipped: wrappers keep the optimizer's name, rate and state, and nest",
          "[optimizers][clipped]") {
  using both = clipped_by_value<clipped_by_norm<adam<>>>;
  both optimizer{{{.learning_rate = 0.5f}, 2.0f}, 1.0f};
  CHECK(optimizer.learning_rate == 0.5f);
  CHECK(optimizer.largest_norm == 2.0f);
  CHECK(optimizer.largest_value == 1.0f);
  CHECK(std::is_same_v<both::state<net>, adam<>::state<net>>);
  // What is below both limits is adam's.
  const auto expected = support::three_steps(adam<double>{0.1});
  const clipped_by_value<clipped_by_norm<adam<double>>> loose{{{.learning_rate = 0.1}, 9.0}, 9.0};
  CHECK(support::three_steps(loose) == expected);
}

TEST_CASE("clipped: as a trainer's optimizer", "[optimizers][clipped]") {
  using tanh_net = network<input<2>, dense<3>, mote::tanh, dense<1>>;
  using optimizer = clipped_by_norm<sgd<>>;
  trainer<tanh_net, mean_squared_error, optimizer, 1> all{{{.learning_rate = 1.0f}, 0.01f}, 1};
  all.workspace.input().data[0] = 1.0f;
  static constexpr std::array target{1000.0f};
  const auto before = all.parameters;
  all.step(1, batch_view<const float, 1>{target.data(), 1});
  double squares = 0.0;
  visit_tensors<tanh_net>(
      [&](auto, const field&, const auto& a, const auto& b) {
        for (std::size_t i = 0; i < a.size; ++i) {
          squares += std::pow(static_cast<double>(a[i] - b[i]), 2);
        }
      },
      before, all.parameters);
  CHECK(support::close(std::sqrt(squares), 0.01, 1e-6));
}

TEST_CASE("clipped: running statistics are no gradients", "[optimizers][clipped]") {
  // What batch_norm leaves where a gradient would be is what it saw; nobody may shorten that.
  using normal = network<input<1>, batch_norm>;
  const auto check = [](const auto& optimizer) {
    parameters<normal> weights{};
    gradients<normal> slopes{};
    visit_tensors<normal>([](auto, const field&, auto& tensor) { tensor.values.fill(100.0f); },
                          slopes);
    typename std::remove_cvref_t<decltype(optimizer)>::template state<normal> state{};
    optimizer.update(weights, slopes, state);
    visit_tensors<normal>(
        [](auto, const field& description, const auto& slope, const auto& weight) {
          CHECK((slope[0] == 100.0f) == (description.role == role::statistic));
          CHECK((weight[0] == 0.0f) == (description.role == role::statistic));
        },
        slopes, weights);
  };
  check(clipped_by_norm<sgd<>>{{0.5f}, 1.0f});
  check(clipped_by_value<sgd<>>{{0.5f}, 1.0f});
}

TEST_CASE("clipped: in the compiler", "[optimizers][clipped]") {
  static constexpr clipped_by_norm<sgd<float>> optimizer{{.learning_rate = 1.0f}, 0.75f};
  static constexpr auto compiled = support::three_steps(optimizer);
  CHECK(support::three_steps(optimizer) == compiled);
}
