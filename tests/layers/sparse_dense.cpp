#include <mote/hosted/type_name.hpp>
#include <mote/mote.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

template <std::size_t Inputs, std::size_t Outputs>
using single = network<input<Inputs>, sparse_dense<Outputs>>;

/// Two of three are zero.
template <class T>
void thin_out(std::span<T> x) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = i % 3 == 0 ? x[i] : T{0};
  }
}

// W = [1 -4; 2 5; 3 -6], b = [0.5 -1], x = [1 0 3] and [0 -1 0]:
//   x W + b = [1 + 9 + 0.5, -4 - 18 - 1] and [-2 + 0.5, -5 - 1].
// With dy = [2 -1] and [1 3]:
//   dW = x^T dy = [2 -1; -1 -3; 6 -3], db = [3 2],
//   dx = dy W^T = [2 + 4, 4 - 5, 6 + 6] and [1 - 12, 2 + 15, 3 - 18], also where x is zero.
// All are small integers and halves, so every order of summation gives these bits.
template <class T, class Isa>
void check_by_hand() {
  INFO(Isa::name);
  support::subject<single<3, 2>, T, 2> all;
  get<0>(all.weights).weights.values = {1, -4, 2, 5, 3, -6};
  get<0>(all.weights).bias.values = {T(0.5), -1};
  CHECK(all.template forward<Isa>({1, 0, 3, -T{0}, -1, 0}) ==
        std::array<T, 4>{T(10.5), -23, T(-1.5), -6});
  CHECK(all.template backward<Isa>({2, -1, 1, 3}) == std::array<T, 6>{6, -1, 12, -11, 17, -15});
  CHECK(get<0>(all.slopes).weights.values == std::array<T, 6>{2, -1, -1, -3, 6, -3});
  CHECK(get<0>(all.slopes).bias.values == std::array<T, 2>{3, 2});
}

template <class Net, std::size_t Batch, class Isa>
void check_gradient() {
  CAPTURE(Net::input.size(), Net::output.size(), Batch, Isa::name);
  const auto worst =
      support::check_network<Net, Batch, Isa>([](auto& weights, std::span<double> inputs) {
        support::noise random{3};
        random.fill(weights);
        random.fill(inputs);
        thin_out(inputs);
      });
  CAPTURE(worst.layer, worst.tensor, worst.element, worst.analytic, worst.numeric);
  CHECK(worst.relative_error < 1e-6);
  CHECK(worst.compared >= Batch * Net::input.size());
}

/// Whether sparse_dense gives what dense with the same weights does, there and back.
template <std::size_t Inputs, std::size_t Outputs, std::size_t Batch, class Isa>
void check_against_dense() {
  CAPTURE(Inputs, Outputs, Batch, Isa::name);
  using sparse_subject = support::subject<single<Inputs, Outputs>, float, Batch>;
  const auto sparse = std::make_unique<sparse_subject>();
  const auto plain =
      std::make_unique<support::subject<network<input<Inputs>, dense<Outputs>>, double, Batch>>();
  support::noise random;
  random.fill(sparse->weights);
  const auto transposed = [](std::size_t at) { return at % Outputs * Inputs + at / Outputs; };
  for (std::size_t at = 0; at < Inputs * Outputs; ++at) {
    get<0>(plain->weights).weights[transposed(at)] =
        static_cast<double>(get<0>(sparse->weights).weights[at]);
  }
  for (std::size_t o = 0; o < Outputs; ++o) {
    get<0>(plain->weights).bias[o] = static_cast<double>(get<0>(sparse->weights).bias[o]);
  }
  typename sparse_subject::input x{};
  random.fill(std::span<float>{x});
  thin_out(std::span<float>{x});
  typename sparse_subject::output dy{};
  random.fill(std::span<float>{dy});
  std::array<double, Batch * Inputs> wide_x{};
  std::array<double, Batch * Outputs> wide_dy{};
  std::copy(x.begin(), x.end(), wide_x.begin());
  std::copy(dy.begin(), dy.end(), wide_dy.begin());

  // Magnitudes are below 1, so each of the n terms adds at most n rounding errors of 2^-24.
  const auto is_close = [](float a, double b, std::size_t terms) {
    return support::close(static_cast<double>(a), b, static_cast<double>(terms * terms) * 0x1p-24);
  };
  const auto y = sparse->template forward<Isa>(x);
  const auto wide_y = plain->template forward<isa::generic>(wide_x);
  for (std::size_t i = 0; i < y.size(); ++i) {
    CHECK(is_close(y[i], wide_y[i], Inputs + 1));
  }
  const auto dx = sparse->template backward<Isa>(dy);
  const auto wide_dx = plain->template backward<isa::generic>(wide_dy);
  for (std::size_t i = 0; i < dx.size(); ++i) {
    CHECK(is_close(dx[i], wide_dx[i], Outputs));
  }
  for (std::size_t at = 0; at < Inputs * Outputs; ++at) {
    CHECK(is_close(get<0>(sparse->slopes).weights[at],
                   get<0>(plain->slopes).weights[transposed(at)], Batch));
  }
  for (std::size_t o = 0; o < Outputs; ++o) {
    CHECK(is_close(get<0>(sparse->slopes).bias[o], get<0>(plain->slopes).bias[o], Batch));
  }
}

// A network and the same with dense layers, on one set of numbers.
using sparse_net = network<input<9>, sparse_dense<6>, relu, sparse_dense<4>>;
using dense_net = network<input<9>, dense<6>, relu, dense<4>>;

struct quantized_pair {
  parameters<quantized<sparse_net>> sparse{};
  parameters<quantized<dense_net>> dense{};
};

constexpr quantized_pair quantize_both() {
  parameters<calibration_network<sparse_net>> from{};
  parameters<calibration_network<dense_net>> twin{};
  random_source random{5};
  initialize(from, random);
  const auto copy = [](const auto& sparse, auto& dense) {
    const std::size_t units = dense.bias.size;
    for (std::size_t at = 0; at < sparse.weights.size; ++at) {
      dense.weights[at % units * (sparse.weights.size / units) + at / units] = sparse.weights[at];
    }
  };
  copy(get<0>(from), get<0>(twin));
  copy(get<1>(from), get<1>(twin));
  const activation_scales<quantized<sparse_net>> scales{
      {{1.0f / 255.0f, -128}, {0.01f, -128}, {0.02f, 3}}};
  quantized_pair result;
  quantize<quantized<sparse_net>>(from, scales, result.sparse);
  quantize<quantized<dense_net>>(twin, scales, result.dense);
  return result;
}

constexpr quantized_pair integers = quantize_both();

struct sparse_model {
  using network = quantized<sparse_net>;
  static constexpr mote::parameters<network> parameters = integers.sparse;
};

/// The output for an input of which two of three codes are zero.
template <class Net, class Run>
constexpr std::array<std::int8_t, 4> run_int8(Run run) {
  workspace<Net> memory{};
  for (std::size_t i = 0; i < 9; ++i) {
    memory.input()[0][i] =
        static_cast<std::int8_t>(i % 3 == 0 ? 20 * static_cast<int>(i) - 70 : -128);
  }
  const auto y = run(memory)[0];
  return {y[0], y[1], y[2], y[3]};
}

template <class Isa, class Policy>
constexpr std::array<std::int8_t, 4> run_model() {
  return run_int8<quantized<sparse_net>>(
      [](auto& memory) { return forward<sparse_model, Policy, Isa>(memory); });
}

} // namespace

TEST_CASE("sparse_dense: shapes and costs", "[layers][sparse_dense]") {
  CHECK(sparse_dense<10>::output(shape{784}) == shape{10});
  CHECK(sparse_dense<10>::macs(shape{784}) == 7840);
  CHECK(sparse_dense<1>::expects::accepts(shape{3}));
  CHECK_FALSE(sparse_dense<1>::expects::accepts(shape{3, 3}));
  using items = sparse_dense<4>::parameters<shape{3}, float>;
  CHECK(decltype(items::weights)::extents == std::array<std::size_t, 2>{3, 4});
  CHECK(decltype(items::bias)::extents == std::array<std::size_t, 1>{4});
  CHECK(sizeof(items) == (3 * 4 + 4) * sizeof(float));
  using without = sparse_dense<4, initializers::he, bias::none>::parameters<shape{3}, float>;
  CHECK(sizeof(without) == 3 * 4 * sizeof(float));
  CHECK(hosted::type_name<sparse_dense<10>>() == "mote::sparse_dense<10>");
  CHECK(report<sparse_net>.parameters == 9 * 6 + 6 + 6 * 4 + 4);
  CHECK(std::string(report<sparse_net, std::int8_t>.layers[0].name) == "sparse_dense");
}

TEST_CASE("sparse_dense: says what its parameters are", "[layers][sparse_dense]") {
  std::vector<std::string> names;
  sparse_dense<4>::parameters<shape{3}, float> items{};
  items.visit(
      [&](const field& description, auto&) {
        names.emplace_back(description.name);
        CHECK(description.role == (names.size() == 1 ? role::weight : role::bias));
        CHECK(description.fan_in == 3);
        CHECK(description.fan_out == 4);
      },
      items);
  CHECK(names == std::vector<std::string>{"weights", "bias"});
}

TEST_CASE("sparse_dense: forward and backward by hand", "[layers][sparse_dense]") {
  support::for_each_isa([]<class Isa>(Isa) {
    check_by_hand<float, Isa>();
    check_by_hand<double, Isa>();
  });
}

TEST_CASE("sparse_dense: gradients against differences", "[layers][sparse_dense]") {
  check_gradient<single<1, 1>, 1, isa::generic>();
  check_gradient<single<17, 9>, 3, isa::generic>();
  check_gradient<single<5, 3>, 4, isa::simd<16>>();
  check_gradient<single<9, 7>, 1, isa::simd<32>>();
  check_gradient<single<13, 5>, 5, isa::simd<64>>();
  check_gradient<
      network<input<7>, sparse_dense<5, initializers::he, bias::none>, mote::tanh, sparse_dense<3>>,
      3, isa::native>();
}

TEST_CASE("sparse_dense: agrees with dense in double", "[layers][sparse_dense]") {
  support::for_each_isa([]<class Isa>(Isa) {
    check_against_dense<1, 1, 1, Isa>();
    check_against_dense<7, 5, 3, Isa>();
    check_against_dense<33, 19, 5, Isa>();
    check_against_dense<50, 37, 35, Isa>();
  });
}

TEST_CASE("sparse_dense: batch_norm folds into it", "[layers][sparse_dense]") {
  using net = network<input<6>, sparse_dense<4, initializers::automatic, bias::none>, batch_norm,
                      relu, sparse_dense<4>, batch_norm, sparse_dense<5>>;
  STATIC_REQUIRE(
      std::is_same_v<inference_network<net>, network<input<6>, fused<sparse_dense<4>, relu>,
                                                     sparse_dense<4>, sparse_dense<5>>>);
  support::for_each_isa(
      []<class Isa>(Isa) { CHECK(support::folds_into_the_same<net, Isa>(1e-12)); });
}

TEST_CASE("sparse_dense: can be frozen, penalized and masked", "[layers][sparse_dense]") {
  using net =
      network<input<3>, frozen<sparse_dense<4>>, mote::tanh, penalized<sparse_dense<2>, l2<1, 2>>>;
  auto all =
      std::make_unique<trainer<net, mean_squared_error, masked<sgd<>>, 2>>(masked<sgd<>>{}, 1);
  get<2>(all->state.frozen).weights[3] = true;
  const auto before = all->parameters;
  all->workspace.input()[1][2] = 1.0f;
  static constexpr std::array<float, 4> targets{1.0f, 2.0f, 3.0f, 4.0f};
  all->step(2, batch_view<const float, 2>{targets.data(), 2});
  CHECK(get<0>(all->parameters).weights.values == get<0>(before).weights.values);
  CHECK(get<2>(all->parameters).weights[3] == get<2>(before).weights[3]);
  CHECK(get<2>(all->parameters).weights[2] != get<2>(before).weights[2]);
  float squares = 0.0f;
  for (const float weight : get<2>(before).weights.values) {
    squares += weight * weight;
  }
  CHECK(support::close(penalty(before), squares / 4.0f, 1e-6f));
}

namespace {

/// Whether steps of `fused_update<Optimizer>` give the weights of the optimizer by itself.
template <class Isa, std::size_t Batch, class Optimizer>
bool updates_in_one(const Optimizer& optimizer) {
  using net = network<input<37>, sparse_dense<21>, mote::tanh, sparse_dense<5>>;
  using fused = fused_update<Optimizer>;
  const auto plain =
      std::make_unique<trainer<net, mean_squared_error, Optimizer, Batch, float, Isa>>(optimizer,
                                                                                       1);
  const auto in_one = std::make_unique<trainer<net, mean_squared_error, fused, Batch, float, Isa>>(
      fused{optimizer}, 1);
  support::noise random;
  for (int step = 0; step < 3; ++step) {
    std::array<float, Batch * 37> x{};
    std::array<float, Batch * 5> targets{};
    random.fill(std::span<float>{x});
    random.fill(std::span<float>{targets});
    thin_out(std::span<float>{x});
    const batch_view<const float, 5> wanted{targets.data(), Batch};
    std::copy(x.begin(), x.end(), plain->workspace.input().data);
    plain->step(Batch, wanted);
    std::copy(x.begin(), x.end(), in_one->workspace.input().data);
    in_one->step(Batch, wanted);
  }
  return support::all_parameters<net>(plain->parameters, in_one->parameters,
                                      [](float a, float b) { return support::close(a, b, 1e-5f); });
}

} // namespace

TEST_CASE("sparse_dense: updates itself as the optimizer would", "[layers][sparse_dense]") {
  support::for_each_isa([]<class Isa>(Isa) {
    INFO(Isa::name);
    CHECK(updates_in_one<Isa, 1>(sgd<>{}));
    CHECK(updates_in_one<Isa, 3>(sgd<>{}));
    CHECK(updates_in_one<Isa, 300>(sgd<>{}));
    CHECK(updates_in_one<Isa, 1>(sgd<>{.weight_decay = 0.1f}));
    CHECK(updates_in_one<Isa, 1>(momentum_sgd<>{.weight_decay = 0.1f}));
    CHECK(updates_in_one<Isa, 7>(momentum_sgd<>{.nesterov = true}));
  });
  STATIC_REQUIRE(sgd<>{}.rule(field{"weights", role::weight}).is_idle_at_zero());
  STATIC_REQUIRE_FALSE(
      sgd<>{.weight_decay = 0.1f}.rule(field{"weights", role::weight}).is_idle_at_zero());
}

TEST_CASE("sparse_dense: its int8 form has the numbers of dense", "[layers][sparse_dense]") {
  STATIC_REQUIRE(
      std::is_same_v<quantized<sparse_net>::layer<0>, int8_sparse_dense<6, relu, rounding::twice>>);
  CHECK(get<0>(integers.sparse).weights.values == get<0>(integers.dense).weights.values);
  CHECK(get<0>(integers.sparse).multipliers.values == get<0>(integers.dense).multipliers.values);
  CHECK(checksum(integers.sparse) == checksum(integers.dense));
}

TEST_CASE("sparse_dense: int8 outputs are those of dense", "[layers][sparse_dense]") {
  constexpr auto wanted = run_int8<quantized<dense_net>>(
      [](auto& memory) { return forward<isa::generic>(integers.dense, memory); });
  static_assert(run_int8<quantized<sparse_net>>([](auto& memory) {
                  return forward<isa::native>(integers.sparse, memory);
                }) == wanted);
  static_assert(run_model<isa::scalar32, balanced>() == wanted);
  CHECK(wanted != std::array<std::int8_t, 4>{});
  CHECK(run_model<isa::native, balanced>() == wanted);
  CHECK(run_model<isa::scalar32, smallest>() == wanted);
  CHECK(run_model<isa::scalar32, balanced>() == wanted);
  CHECK(run_model<isa::scalar32, fastest>() == wanted);
  CHECK(run_model<isa::arm_dsp, balanced>() == wanted);
  CHECK(run_model<isa::arm_dsp, fastest>() == wanted);
  CHECK(run_model<isa::helium, balanced>() == wanted);
}

TEST_CASE("sparse_dense: flash is what the kernels keep", "[layers][sparse_dense]") {
  // 9 x 6 weights and four words for each output, of which the last may be short.
  constexpr std::size_t balanced_bytes =
      model_report<sparse_model, balanced, isa::scalar32>.layers[0].flash_bytes;
  CHECK(balanced_bytes >= 9 * 6 + 6 * 12);
  CHECK(balanced_bytes <= 9 * 6 + 6 * 16);
  CHECK(model_report<sparse_model, smallest, isa::scalar32>.layers[0].flash_bytes ==
        sizeof(get<0>(integers.sparse)));
}
