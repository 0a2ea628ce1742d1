// The compiler trains, quantizes and runs a network, and gets the bits of the program.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "catch.hpp"
#include "support.hpp"

namespace {

using namespace mote;

using net = network<input<2>, dense<3>, mote::tanh, dense<4>, relu, dropout<10>, dense<2>>;
using int8_net = quantized<net>;

/// Exclusive or.
struct corners {
  static constexpr std::array<std::array<float, 2>, 4> x{{{-1, -1}, {-1, 1}, {1, -1}, {1, 1}}};
  static constexpr std::array<std::uint8_t, 4> classes{0, 1, 1, 0};

  constexpr std::size_t size() const { return 4; }
  constexpr std::uint8_t label(std::size_t i) const { return classes[i]; }
  constexpr void copy_input(std::size_t i, std::span<float> target) const {
    std::copy(x[i].begin(), x[i].end(), target.begin());
  }
};

struct result {
  double loss = 0.0;
  parameters<net> weights{};
  std::array<float, 8> outputs{};
  parameters<int8_net> int8_weights{};
  std::array<std::int8_t, 8> int8_outputs{};
};

/// Initializes, trains for three epochs with a shorter last batch, calibrates, quantizes, runs.
template <class Optimizer, class Isa>
constexpr result train_and_quantize(std::uint64_t seed) {
  result answer;
  const corners data;
  trainer<net, softmax_cross_entropy, Optimizer, 3, float, Isa> teacher{Optimizer{0.05f}, seed};
  std::array<std::uint32_t, 4> order{0, 1, 2, 3};
  for (int epoch = 0; epoch < 3; ++epoch) {
    answer.loss = teacher.epoch(data, order).loss();
  }
  answer.weights = teacher.parameters;

  parameters<calibration_network<net>> real{};
  to_calibration(teacher.parameters, real);
  workspace<calibration_network<net>, float, 4> memory{};
  const auto write_inputs = [&] {
    for (std::size_t i = 0; i < 4; ++i) {
      data.copy_input(i, memory.input()[i]);
    }
  };
  activation_ranges<net> ranges{};
  write_inputs();
  calibrate<net, Isa>(real, memory, ranges);
  write_inputs();
  std::copy_n(forward<Isa>(real, memory).data, 8, answer.outputs.begin());

  const auto scales = choose_scales<int8_net>(ranges, asymmetric(ranges[0]));
  quantize<int8_net>(real, scales, answer.int8_weights);
  workspace<int8_net, std::int8_t, 4> int8_memory{};
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t k = 0; k < 2; ++k) {
      int8_memory.input()[i][k] = quantize(static_cast<double>(corners::x[i][k]), scales[0]);
    }
  }
  std::copy_n(forward<Isa>(answer.int8_weights, int8_memory).data, 8, answer.int8_outputs.begin());
  return answer;
}

template <class Network, class Parameters>
bool same_bits(const Parameters& a, const Parameters& b) {
  return checksum<Network>(a) == checksum<Network>(b) && support::same_parameters<Network>(a, b);
}

template <class Optimizer>
void check_optimizer() {
  static constexpr auto compiled = train_and_quantize<Optimizer, isa::generic>(7);
  // What the compiler found out can be asserted.
  static_assert(compiled.loss > 0.0 && compiled.loss < 1.0);
  static_assert(compiled.int8_outputs != decltype(compiled.int8_outputs){});

  const volatile std::uint64_t seed = 7; // so that this is computed at run time
  const auto run = train_and_quantize<Optimizer, isa::generic>(seed);
  CHECK(run.loss == compiled.loss);
  CHECK(same_bits<net>(run.weights, compiled.weights));
  CHECK(run.outputs == compiled.outputs);
  CHECK(same_bits<int8_net>(run.int8_weights, compiled.int8_weights));
  CHECK(run.int8_outputs == compiled.int8_outputs);

  const auto other = train_and_quantize<Optimizer, isa::generic>(seed + 1);
  CHECK_FALSE(same_bits<net>(other.weights, compiled.weights));
}

} // namespace

TEST_CASE("a network trained in the compiler has the bits of one trained at run time",
          "[constexpr]") {
  SECTION("with Adam") {
    check_optimizer<adam<>>();
  }
  SECTION("with gradient descent") {
    check_optimizer<sgd<>>();
  }
  SECTION("with momentum") {
    check_optimizer<momentum_sgd<>>();
  }
}

TEST_CASE("the compiler runs any instruction set's kernels as the generic ones", "[constexpr]") {
  static constexpr auto generic = train_and_quantize<sgd<>, isa::generic>(7);
  static constexpr auto native = train_and_quantize<sgd<>, isa::simd<16>>(7);
  CHECK(same_bits<net>(generic.weights, native.weights));
  CHECK(generic.outputs == native.outputs);
  CHECK(generic.int8_outputs == native.int8_outputs);
}
