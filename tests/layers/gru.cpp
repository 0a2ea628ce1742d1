#include <mote/core/report.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/gru.hpp>
#include <mote/layers/relu.hpp>
#include <mote/training/initialize.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "../golden/gru.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

template <std::size_t Steps, std::size_t Channels, std::size_t Units, states States>
using single = network<input<Steps, Channels>, gru<Units, States>>;

template <states States>
using golden_net = single<golden::gru::steps, golden::gru::channels, golden::gru::units, States>;

template <states States>
constexpr parameters<golden_net<States>, double> golden_parameters() {
  parameters<golden_net<States>, double> result{};
  get<0>(result) = {{golden::gru::weights},
                    {golden::gru::recurrent_weights},
                    {golden::gru::bias},
                    {golden::gru::recurrent_bias}};
  return result;
}

/// Of values for all states, those for the output.
template <states States>
constexpr auto of_output(const auto& values) {
  using golden::gru::batch, golden::gru::steps, golden::gru::units;
  if constexpr (States == states::all) {
    return values;
  } else {
    std::array<double, batch * units> result{};
    for (std::size_t row = 0; row < batch; ++row) {
      const auto last = ((row + 1) * steps - 1) * units;
      std::copy_n(values.begin() + last, units, result.begin() + row * units);
    }
    return result;
  }
}

constexpr double largest_difference(std::span<const double> a, std::span<const double> b) {
  double largest = a.size() == b.size() ? 0.0 : 1e9;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    largest = std::max(largest, math::absolute(a[i] - b[i]));
  }
  return largest;
}

/// How far output and gradients are from PyTorch's. The largest gradient is about 2.
template <states States, class Isa>
constexpr double distance_from_golden() {
  using net = golden_net<States>;
  const auto weights = golden_parameters<States>();
  workspace<net, double, golden::gru::batch, training_with_input_gradient> memory{};
  gradients<net, double> slopes{};
  random_source random{1};
  std::copy(golden::gru::input.begin(), golden::gru::input.end(), memory.input().data);
  const auto y = train_forward<Isa>(weights, memory, random).elements();
  const double of_forward = largest_difference(y, of_output<States>(golden::gru::states));
  const auto dy = of_output<States>(golden::gru::output_gradient);
  std::copy(dy.begin(), dy.end(), memory.output_gradient().data);
  backward<Isa>(weights, memory, slopes);
  const auto& p = get<0>(slopes);
  const auto& wanted = States == states::all ? golden::gru::of_all : golden::gru::of_last;
  return std::max({of_forward, largest_difference(memory.input_gradient().elements(), wanted.input),
                   largest_difference(p.weights.values, wanted.weights),
                   largest_difference(p.recurrent_weights.values, wanted.recurrent_weights),
                   largest_difference(p.bias.values, wanted.bias),
                   largest_difference(p.recurrent_bias.values, wanted.recurrent_bias)});
}

/// The same for inference.
template <states States, class Isa>
constexpr double distance_in_inference() {
  const auto weights = golden_parameters<States>();
  workspace<golden_net<States>, double, golden::gru::batch> memory{};
  memory.arena.fill(9.0); // the state starts at zero whatever was there
  std::copy(golden::gru::input.begin(), golden::gru::input.end(), memory.input().data);
  const auto y = forward<Isa>(weights, memory).elements();
  return largest_difference(y, of_output<States>(golden::gru::states));
}

// While compiling, exp and tanh are the library's own.
static_assert(distance_from_golden<states::all, isa::generic>() < 1e-13);
static_assert(distance_from_golden<states::last, isa::simd<32>>() < 1e-13);
static_assert(distance_in_inference<states::all, isa::simd<16>>() < 1e-13);
static_assert(distance_in_inference<states::last, isa::generic>() < 1e-13);

template <class Net, std::size_t Batch, class Isa = isa::generic>
void check_gradient() {
  CAPTURE(Net::input.width, Net::input.channels, Net::output.channels, Batch, Isa::name);
  const auto worst = support::check_network<Net, Batch, Isa>();
  CAPTURE(worst.layer, worst.tensor, worst.element, worst.analytic, worst.numeric);
  CHECK(worst.relative_error < 1e-6);
  CHECK(worst.compared >= Batch * Net::input.size() + 4 * 3);
}

template <std::size_t Steps, std::size_t Channels, std::size_t Units, std::size_t Batch>
void check_gradients_of_both() {
  check_gradient<single<Steps, Channels, Units, states::last>, Batch>();
  check_gradient<single<Steps, Channels, Units, states::all>, Batch>();
}

template <class Net, std::size_t Batch, class T>
struct run {
  support::subject<Net, T, Batch> all;
  typename support::subject<Net, T, Batch>::input x{}, dx{};
  typename support::subject<Net, T, Batch>::output y{}, dy{};

  template <class Isa>
  void there_and_back() {
    y = all.template forward<Isa>(x);
    dx = all.template backward<Isa>(dy);
  }
};

/// Two runs on the same small numbers, of types and instruction sets of their own.
template <class Net, std::size_t Batch, class A, class IsaA, class B, class IsaB>
void check_agreement(double tolerance) {
  CAPTURE(Net::input.width, Net::output.channels, IsaA::name, IsaB::name);
  auto a = std::make_unique<run<Net, Batch, A>>();
  auto b = std::make_unique<run<Net, Batch, B>>();
  const auto draw = [](auto& into) {
    support::noise random;
    const auto fill = [&](auto& values) {
      for (auto& value : values) {
        value = static_cast<std::remove_reference_t<decltype(value)>>(random.between(-1.0f, 1.0f));
      }
    };
    visit_tensors<Net>([&](auto, const field&, auto& tensor) { fill(tensor.values); },
                       into.all.weights);
    fill(into.x);
    fill(into.dy);
  };
  draw(*a);
  draw(*b);
  a->template there_and_back<IsaA>();
  b->template there_and_back<IsaB>();
  const auto close = [&](auto p, auto q) {
    return support::close(static_cast<double>(p), static_cast<double>(q), tolerance);
  };
  CHECK(std::equal(a->y.begin(), a->y.end(), b->y.begin(), close));
  CHECK(std::equal(a->dx.begin(), a->dx.end(), b->dx.begin(), close));
  CHECK(support::all_parameters<Net>(a->all.slopes, b->all.slopes, close));
}

template <std::size_t Steps, std::size_t Channels, std::size_t Units, std::size_t Batch>
void check_agreements() {
  using all = single<Steps, Channels, Units, states::all>;
  using last = single<Steps, Channels, Units, states::last>;
  // Gradients are sums of Batch * Steps terms below 1, each the end of a chain of Steps products.
  const auto tolerance = static_cast<double>(8 * Batch * Steps * Units);
  check_agreement<all, Batch, float, isa::generic, double, isa::generic>(tolerance * 0x1p-24);
  check_agreement<last, Batch, float, isa::native, double, isa::native>(tolerance * 0x1p-24);
  support::for_each_isa([&]<class Isa>(Isa) {
    check_agreement<all, Batch, float, isa::generic, float, Isa>(tolerance * 0x1p-24);
    check_agreement<last, Batch, double, isa::generic, double, Isa>(tolerance * 0x1p-53);
  });
}

/// The states of all steps, one sample at a time.
template <class Isa, class Net, class T, class Input>
constexpr auto streamed(const parameters<Net, T>& weights, const Input& x) {
  using layer_type = typename Net::template layer<0>;
  constexpr std::size_t channels = Net::input.channels;
  constexpr std::size_t units = Net::output.channels;
  std::array<T, Net::input.width * units> result{};
  std::array<T, units> state{};
  for (std::size_t step = 0; step < Net::input.width; ++step) {
    const std::span<const T, channels> now{x.data() + step * channels, channels};
    layer_type::template step<Isa>(get<0>(weights), now, state);
    std::copy(state.begin(), state.end(), result.begin() + step * units);
  }
  return result;
}

/// A trained network as an exported header has it.
struct model {
  using network = single<3, 1, 2, states::last>;
  static constexpr mote::parameters<network> parameters = [] {
    mote::parameters<network> result{};
    random_source random{5};
    initialize(result, random);
    return result;
  }();
};

constexpr std::array<float, 2> stream_model() {
  std::array<float, 2> state{};
  for (const float sample : {0.5f, -1.0f, 0.25f}) {
    model::network::layer<0>::step(get<0>(model::parameters), std::array{sample}, state);
  }
  return state;
}

constexpr std::array<float, 2> forward_model() {
  workspace<model::network> memory{};
  const std::array x{0.5f, -1.0f, 0.25f};
  std::copy(x.begin(), x.end(), memory.input().data);
  const auto y = forward<model>(memory)[0];
  return {y[0], y[1]};
}

static_assert(stream_model() == forward_model());
static_assert(stream_model() != std::array<float, 2>{});

} // namespace

TEST_CASE("gru: shapes and costs", "[layers][gru]") {
  CHECK(gru<7>::output(shape{5, 3}) == shape{7});
  CHECK(gru<7, states::all>::output(shape{5, 3}) == shape{5, 7});
  CHECK(gru<7>::macs(shape{5, 3}) == 5 * 3 * 7 * (3 + 7));
  CHECK(gru<1>::expects::accepts(shape{5, 3}));
  CHECK_FALSE(gru<1>::expects::accepts(shape{15}));
  CHECK_FALSE(gru<1>::expects::accepts(shape{1, 5, 3}));

  using net = network<input<5, 3>, gru<7, states::all>, gru<2>, dense<4>>;
  CHECK(net::output == shape{4});
  const auto& entry = report<net>.layers[0];
  CHECK(std::string(entry.name) == "gru");
  CHECK(entry.output == shape{5, 7});
  CHECK(entry.parameters == 3 * 7 * (3 + 7 + 2));
  CHECK(entry.flash_bytes == 4 * entry.parameters);
  CHECK(entry.macs == 5 * 3 * 7 * (3 + 7));
  CHECK(report<net>.layers[1].macs == 5 * 3 * 2 * (7 + 2));
  // Nothing but the largest two neighbours: what is between the steps lives on the stack.
  CHECK(report<net>.ram_bytes == 4 * (5 * 3 + 5 * 7));
}

TEST_CASE("gru: says what its parameters are", "[layers][gru]") {
  std::vector<std::string> names;
  gru<4>::parameters<shape{9, 3}, float> items{};
  items.visit(
      [&](const field& description, auto& tensor) {
        const std::string name = description.name;
        const bool recurrent = name.starts_with("recurrent_");
        const bool weights = name.ends_with("weights");
        names.push_back(name);
        CHECK(description.role == (weights ? role::weight : role::bias));
        CHECK(description.fan_in == (recurrent ? 4 : 3));
        CHECK(description.fan_out == 12);
        CHECK(tensor.extents[0] == 12);
        CHECK(tensor.size == (weights ? 12 * description.fan_in : 12));
      },
      items);
  CHECK(names ==
        std::vector<std::string>{"weights", "recurrent_weights", "bias", "recurrent_bias"});
}

TEST_CASE("gru: initial weights are Glorot's, biases zero", "[layers][gru]") {
  using net = network<input<4, 3>, gru<9>, relu>; // which does not make them He's
  parameters<net> weights{};
  random_source random{1};
  initialize(weights, random);
  const auto largest = [](const auto& tensor) {
    float result = 0.0f;
    for (const float value : tensor.values) {
      result = std::max(result, std::abs(value));
    }
    return result;
  };
  const auto& p = get<0>(weights);
  const float bound = std::sqrt(6.0f / (3.0f + 27.0f));
  const float recurrent_bound = std::sqrt(6.0f / (9.0f + 27.0f));
  CHECK(largest(p.weights) <= bound);
  CHECK(largest(p.weights) > 0.9f * bound);
  CHECK(largest(p.recurrent_weights) <= recurrent_bound);
  CHECK(largest(p.recurrent_weights) > 0.9f * recurrent_bound);
  CHECK(largest(p.bias) == 0.0f);
  CHECK(largest(p.recurrent_bias) == 0.0f);
}

TEST_CASE("gru: PyTorch's outputs and gradients", "[layers][gru]") {
  support::for_each_isa([]<class Isa>(Isa) {
    INFO(Isa::name);
    CHECK(distance_from_golden<states::all, Isa>() < 1e-13);
    CHECK(distance_from_golden<states::last, Isa>() < 1e-13);
    CHECK(distance_in_inference<states::all, Isa>() < 1e-13);
    CHECK(distance_in_inference<states::last, Isa>() < 1e-13);
  });
}

TEST_CASE("gru: gradients against differences", "[layers][gru]") {
  check_gradients_of_both<1, 1, 1, 1>();
  check_gradients_of_both<1, 4, 3, 2>();
  check_gradients_of_both<6, 1, 1, 3>();
  check_gradients_of_both<5, 3, 7, 2>();
  check_gradients_of_both<9, 2, 3, 1>();
  check_gradient<single<5, 3, 7, states::all>, 3, isa::simd<16>>();
  check_gradient<single<4, 7, 5, states::last>, 5, isa::native>();
  check_gradient<network<input<4, 2>, gru<3, states::all>, gru<5>, dense<2>>, 3>();
}

TEST_CASE("gru: float against double, and one instruction set against another", "[layers][gru]") {
  check_agreements<1, 1, 1, 1>();
  check_agreements<5, 3, 7, 2>();
  check_agreements<11, 9, 17, 5>();
}

TEST_CASE("gru: a shorter batch is that much of a whole one", "[layers][gru]") {
  using net = single<3, 2, 4, states::all>;
  constexpr std::size_t used = 2;
  support::subject<net, double, 5> long_batch;
  support::subject<net, double, used> short_batch;
  support::noise random;
  random.fill(long_batch.weights);
  std::array<double, used * net::input.size()> x{};
  std::array<double, used * net::output.size()> dy{};
  random.fill(std::span<double>{x});
  random.fill(std::span<double>{dy});
  short_batch.weights = long_batch.weights;
  const auto y = short_batch.forward<isa::generic>(x);
  const auto dx = short_batch.backward<isa::generic>(dy);

  auto& memory = long_batch.memory;
  auto& cache = get<0>(memory.caches);
  for (const std::span<double> left_over :
       {std::span<double>{memory.arena}, std::span<double>{cache.gates.values},
        std::span<double>{cache.recurrent.values}, std::span<double>{cache.states.values},
        std::span<double>{cache.kept_gradient.values},
        std::span<double>{cache.recurrent_gradient.values}}) {
    random.fill(left_over); // which does not matter
  }
  std::copy(x.begin(), x.end(), memory.input().data);
  const auto rows =
      train_forward<isa::generic>(long_batch.weights, memory, long_batch.random, used);
  CHECK(std::equal(y.begin(), y.end(), rows.data));
  std::copy(dy.begin(), dy.end(), memory.output_gradient().data);
  backward<isa::generic>(long_batch.weights, memory, long_batch.slopes, used);
  CHECK(std::equal(dx.begin(), dx.end(), memory.input_gradient().data));
  CHECK(support::same_parameters<net>(long_batch.slopes, short_batch.slopes));
}

TEST_CASE("gru: steps as they arrive are the forward pass, to the bit", "[layers][gru]") {
  support::for_each_isa([]<class Isa>(Isa) {
    INFO(Isa::name);
    using net = single<13, 3, 7, states::all>;
    parameters<net> weights{};
    support::noise random;
    random.fill(weights);
    std::array<float, net::input.size()> x{};
    random.fill(std::span<float>{x});
    workspace<net> memory{};
    std::copy(x.begin(), x.end(), memory.input().data);
    const auto y = forward<Isa>(weights, memory)[0];
    const auto states_of_all = streamed<Isa>(weights, x);
    CHECK(std::equal(y.begin(), y.end(), states_of_all.begin(), states_of_all.end()));

    using last = single<13, 3, 7, states::last>;
    parameters<last> same{};
    const auto& p = get<0>(weights);
    get<0>(same) = {p.weights, p.recurrent_weights, p.bias, p.recurrent_bias};
    workspace<last> last_memory{};
    std::copy(x.begin(), x.end(), last_memory.input().data);
    const auto state = forward<Isa>(same, last_memory)[0];
    CHECK(std::equal(state.begin(), state.end(), y.end() - 7));
  });
}

TEST_CASE("gru: a step takes the constants of an exported header", "[layers][gru]") {
  CHECK(stream_model() == forward_model());
}
