#include <mote/layers/batch_norm.hpp>
#include <mote/layers/conv2d.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/frozen.hpp>
#include <mote/layers/leaky_relu.hpp>
#include <mote/layers/penalized.hpp>
#include <mote/layers/pooling.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/residual.hpp>
#include <mote/layers/tanh.hpp>
#include <mote/losses/mean_squared_error.hpp>
#include <mote/losses/softmax_cross_entropy.hpp>
#include <mote/optimizers/adam.hpp>
#include <mote/optimizers/fused_update.hpp>
#include <mote/optimizers/sgd.hpp>
#include <mote/training/trainer.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

/// Points of the plane and their classes.
struct points {
  std::vector<std::array<double, 2>> x;
  std::vector<std::uint8_t> classes;

  std::size_t size() const { return x.size(); }
  std::uint8_t label(std::size_t i) const { return classes[i]; }
  template <class T>
  void copy_input(std::size_t i, std::span<T> target) const {
    target[0] = static_cast<T>(x[i][0]);
    target[1] = static_cast<T>(x[i][1]);
  }
};

const points exclusive_or{{{0, 0}, {0, 1}, {1, 0}, {1, 1}}, {0, 1, 1, 0}};

points random_points(std::size_t count) {
  support::noise random;
  points result;
  for (std::size_t i = 0; i < count; ++i) {
    result.x.push_back({random.between(-1.0, 1.0), random.between(-1.0, 1.0)});
    result.classes.push_back(result.x[i][0] > result.x[i][1] ? 1 : 0);
  }
  return result;
}

std::vector<std::uint32_t> all_of(const points& data) {
  std::vector<std::uint32_t> order(data.size());
  std::iota(order.begin(), order.end(), 0u);
  return order;
}

/// The parameters after some epochs of everything that draws random numbers.
template <class Isa>
auto trained(std::uint64_t seed) {
  using net = network<input<2>, dense<8>, relu, dropout<20>, dense<2>>;
  trainer<net, softmax_cross_entropy, adam<>, 4, float, Isa> teacher{{}, seed};
  const auto data = random_points(30);
  auto order = all_of(data);
  for (int epoch = 0; epoch < 3; ++epoch) {
    teacher.epoch(data, order);
  }
  return teacher.parameters;
}

template <class Parameters>
bool same(const Parameters& a, const Parameters& b) {
  return support::same_parameters<typename Parameters::network>(a, b);
}

using linear = network<input<2>, dense<2>>;

/// One-hot mean squared error and plain SGD on a linear network, as arithmetic on arrays.
struct by_hand {
  std::array<double, 4> weights;
  std::array<double, 2> bias;

  /// One step on the samples of `batch`; returns their mean loss before it.
  double step(const points& data, std::span<const std::uint32_t> batch, double rate) {
    std::array<double, 4> weight_slopes{};
    std::array<double, 2> bias_slopes{};
    double loss = 0.0;
    const double share = 1.0 / (2.0 * static_cast<double>(batch.size()));
    for (const auto sample : batch) {
      const auto& x = data.x[sample];
      for (std::size_t o = 0; o < 2; ++o) {
        const double y = weights[o * 2] * x[0] + weights[o * 2 + 1] * x[1] + bias[o];
        const double difference = y - (data.classes[sample] == o ? 1.0 : 0.0);
        loss += difference * difference * share;
        weight_slopes[o * 2] += 2.0 * difference * share * x[0];
        weight_slopes[o * 2 + 1] += 2.0 * difference * share * x[1];
        bias_slopes[o] += 2.0 * difference * share;
      }
    }
    for (std::size_t i = 0; i < 4; ++i) {
      weights[i] -= rate * weight_slopes[i];
    }
    for (std::size_t o = 0; o < 2; ++o) {
      bias[o] -= rate * bias_slopes[o];
    }
    return loss;
  }
};

using pools = network<input<11, 10, 2>, conv2d<5, 3>, relu, max_pool2d<2>, dropout<20>,
                      residual<conv2d<5, 3, 1, padding::same>, leaky_relu<>>, batch_norm,
                      frozen<conv2d<4, 2>>, max_pool2d<2>, leaky_relu<1, 4>,
                      penalized<conv2d<3, 1>, l2<1, 10>>, flatten, dense<3>>;

/// Steps with the network as written, each part called by hand: what the trainer's steps are to be
/// but for rounding.
template <class Net, class Loss, class Optimizer, std::size_t Batch>
struct steps_by_hand {
  parameters<Net, double> weights{};
  gradients<Net, double> slopes{};
  typename Optimizer::template state<Net> state{};
  workspace<Net, double, Batch, training> memory{};
  random_source random{0};

  template <class Targets>
  double step(const Optimizer& optimizer, std::size_t rows, Targets targets) {
    const auto y = train_forward<isa::generic>(weights, memory, random, rows);
    const double loss = Loss::evaluate(y, targets, memory.output_gradient(rows));
    backward<isa::generic>(weights, memory, slopes, rows);
    optimizer.update(weights, slopes, state);
    update_statistics(weights, slopes);
    return loss;
  }
};

template <class Isa, class Optimizer, class Wrapped>
void check_against_steps_by_hand(const Optimizer& optimizer, const Wrapped& wrapped) {
  INFO(Isa::name);
  constexpr std::size_t batch = 6;
  using teacher_type = trainer<pools, softmax_cross_entropy, Wrapped, batch, double, Isa>;
  const auto teacher = std::make_unique<teacher_type>(wrapped, 3);
  const auto expected =
      std::make_unique<steps_by_hand<pools, softmax_cross_entropy, Optimizer, batch>>();
  expected->weights = teacher->parameters;
  expected->random = teacher->random;
  static_assert(decltype(teacher->workspace)::network::size + 4 == pools::size);
  static_assert(sizeof(teacher->workspace) < sizeof(expected->memory));

  support::noise random;
  std::array<std::uint8_t, batch> labels{0, 1, 2, 2, 1, 0};
  for (const std::size_t rows : {batch, batch, std::size_t{4}, batch, std::size_t{1}}) {
    const auto x = expected->memory.input(rows).elements();
    random.fill(x);
    std::copy(x.begin(), x.end(), teacher->workspace.input(rows).data);
    const auto targets = std::span<const std::uint8_t>{labels}.first(rows);
    CHECK(support::close(teacher->step(rows, targets), expected->step(optimizer, rows, targets),
                         1e-12));
  }
  CHECK(support::all_parameters<pools>(teacher->parameters, expected->weights,
                                       [](double a, double b) { // false for NaN
                                         return support::close(a, b, 1e-12);
                                       }));
  // Any workspace runs on the parameters.
  random.fill(expected->memory.input().elements());
  std::copy_n(expected->memory.input().data, batch * pools::input.size(),
              teacher->workspace.input().data);
  const auto y = forward<Isa>(teacher->parameters, expected->memory).elements();
  const auto z = forward<Isa>(teacher->parameters, teacher->workspace).elements();
  CHECK(std::equal(y.begin(), y.end(), z.begin(), z.end(),
                   [](double a, double b) { return support::close(a, b, 1e-12); }));
}

} // namespace

TEST_CASE("a trainer takes the steps of the network as written, pools and all",
          "[training][trainer]") {
  support::for_each_isa([]<class Isa>(Isa) {
    const momentum_sgd<double> optimizer{0.05, 0.9, 0.01};
    check_against_steps_by_hand<Isa>(optimizer, optimizer);
    check_against_steps_by_hand<Isa>(optimizer, fused_update<momentum_sgd<double>>{optimizer});
  });
}

TEST_CASE("the same seed gives the same parameters, bit for bit", "[training][trainer]") {
  support::for_each_isa([]<class Isa>(Isa) {
    INFO(Isa::name);
    CHECK(same(trained<Isa>(1), trained<Isa>(1)));
    CHECK_FALSE(same(trained<Isa>(1), trained<Isa>(2)));
  });
}

TEST_CASE("a trainer starts from drawn weights", "[training][trainer]") {
  const trainer<linear, mean_squared_error, sgd<>, 4> teacher{{}, 9};
  parameters<linear> expected{};
  random_source generator{9};
  initialize(expected, generator);
  CHECK(same(teacher.parameters, expected));
}

TEST_CASE("an epoch is steps over the shuffled order, the last one shorter",
          "[training][trainer]") {
  const auto data = random_points(10);
  auto order = all_of(data);
  const double rate = 0.25;
  trainer<linear, mean_squared_error, sgd<double>, 4, double> teacher{{rate}, 3};
  by_hand expected{get<0>(teacher.parameters).weights.values,
                   get<0>(teacher.parameters).bias.values};

  std::vector<std::size_t> samples_before;
  const evaluation result =
      teacher.epoch(data, order, [&](std::size_t done) { samples_before.push_back(done); });
  CHECK(samples_before == std::vector<std::size_t>{0, 4, 8});
  CHECK(result.samples == 10);
  CHECK(order != all_of(data));
  CHECK(std::is_permutation(order.begin(), order.end(), all_of(data).begin()));

  const std::span<const std::uint32_t> shuffled{order};
  const double total = 4.0 * expected.step(data, shuffled.subspan(0, 4), rate) +
                       4.0 * expected.step(data, shuffled.subspan(4, 4), rate) +
                       2.0 * expected.step(data, shuffled.subspan(8, 2), rate);
  CHECK(support::close(result.loss(), total / 10.0, 1e-14));
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(support::close(get<0>(teacher.parameters).weights[i], expected.weights[i], 1e-14));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(support::close(get<0>(teacher.parameters).bias[i], expected.bias[i], 1e-14));
  }
}

TEST_CASE("only the samples that the order lists are read", "[training][trainer]") {
  const auto data = random_points(10);
  std::vector<std::uint32_t> order{2, 7, 7};
  trainer<linear, mean_squared_error, sgd<double>, 4, double> teacher{{0.25}, 3};
  by_hand expected{get<0>(teacher.parameters).weights.values,
                   get<0>(teacher.parameters).bias.values};
  const auto result = teacher.epoch(data, order);
  CHECK(result.samples == 3);
  CHECK(support::close(result.loss(), expected.step(data, order, 0.25), 1e-14));
  CHECK(support::close(get<0>(teacher.parameters).weights[0], expected.weights[0], 1e-14));
}

TEST_CASE("no samples, no step", "[training][trainer]") {
  trainer<linear, mean_squared_error, sgd<>, 4> teacher{{}, 3};
  const auto before = teacher.parameters;
  const auto result = teacher.epoch(random_points(4), {});
  CHECK(result.samples == 0);
  CHECK(result.loss() == 0.0);
  CHECK(same(before, teacher.parameters));
}

TEST_CASE("a schedule may set the learning rate before each step", "[training][trainer]") {
  const auto data = random_points(10);
  auto order = all_of(data);
  trainer<linear, mean_squared_error, sgd<>, 4> teacher{{1.0f}, 3};
  const auto before = teacher.parameters;
  teacher.epoch(data, order, [&](std::size_t) { teacher.optimizer.learning_rate = 0.0f; });
  CHECK(same(before, teacher.parameters));
  teacher.epoch(data, order, [&](std::size_t) { teacher.optimizer.learning_rate = 1.0f; });
  CHECK_FALSE(same(before, teacher.parameters));
}

TEST_CASE("a step trains on targets that are no labels", "[training][trainer]") {
  // y = W x + b from 0 with x = (1, 2) and targets (3, -1): differences (-3, 1), so with two
  // outputs the loss is 5 and db = 2 / 2 (-3, 1), dW = db x^T. The rate is 1/2.
  trainer<linear, mean_squared_error, sgd<>, 1> teacher{{0.5f}, 3};
  teacher.parameters = {};
  teacher.workspace.input()[0][0] = 1.0f;
  teacher.workspace.input()[0][1] = 2.0f;
  const std::array<float, 2> targets{3.0f, -1.0f};
  CHECK(teacher.step(1, batch_view<const float, 2>{targets.data(), 1}) == 5.0f);
  CHECK(get<0>(teacher.parameters).weights.values == std::array{1.5f, 3.0f, -0.5f, -1.0f});
  CHECK(get<0>(teacher.parameters).bias.values == std::array{1.5f, -0.5f});
}

TEST_CASE("exclusive or is learnt", "[training][trainer]") {
  // No linear network can: three of four is the best it gets.
  using net = network<input<2>, dense<8>, mote::tanh, dense<2>>;
  auto order = all_of(exclusive_or);
  const auto check = [&](auto& teacher) {
    const double first = teacher.epoch(exclusive_or, order).loss();
    evaluation last;
    for (int epoch = 1; epoch < 400; ++epoch) {
      last = teacher.epoch(exclusive_or, order);
    }
    CHECK(first > 0.3);
    CHECK(last.loss() < 0.01);
    CHECK(last.accuracy() == 1.0);
    workspace<net, float, 3> memory{};
    CHECK(evaluate(teacher.parameters, exclusive_or, memory).correct == 4);
  };
  SECTION("with Adam") {
    trainer<net, softmax_cross_entropy, adam<>, 4> teacher{{0.05f}, 1};
    check(teacher);
  }
  SECTION("with momentum, in batches of three and one") {
    trainer<net, softmax_cross_entropy, momentum_sgd<>, 3, float, isa::generic> teacher{{0.1f}, 1};
    check(teacher);
  }
  SECTION("with plain gradient descent against squares") {
    trainer<net, mean_squared_error, sgd<>, 4> teacher{{0.5f}, 1};
    check(teacher);
  }
}
