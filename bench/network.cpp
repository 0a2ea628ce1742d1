// Forward, backward and update of 784-100-10 and of LeNet in float, and forward in int8, with the
// plain loops and with this machine's instructions. Items are samples. Whole training steps, and
// other libraries, are in host/.
#include <mote/models/digits.hpp>
#include <mote/models/lenet.hpp>
#include <mote/mote.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace {

using mlp = mote::models::mlp_784_100_10;
using lenet = mote::models::lenet;
using generic = mote::isa::generic;
using native = mote::isa::native;

/// Inputs as MNIST has them: four fifths are zero.
template <class View>
void fill_like_digits(View input, mote::random_source& generator) {
  for (auto& value : input.elements()) {
    const bool ink = generator.below(5) == 0;
    if constexpr (sizeof(value) == 1) {
      value = static_cast<std::int8_t>(ink ? static_cast<int>(generator.below(256)) - 128 : -128);
    } else {
      value = ink ? generator.uniform<float>() : 0.0f;
    }
  }
}

template <class Net, std::size_t Batch>
using trainer = mote::trainer<Net, mote::softmax_cross_entropy, mote::momentum_sgd<float>, Batch>;

template <class Net, std::size_t Batch>
auto make_trainer() {
  mote::momentum_sgd<float> optimizer;
  optimizer.learning_rate = 1e-6f; // keeps the weights where they are
  return std::make_unique<trainer<Net, Batch>>(optimizer, 1);
}

template <class Net, class Isa, std::size_t Batch>
void forward(benchmark::State& state) {
  using rewritten = mote::inference_network<Net>;
  const auto weights = std::make_unique<mote::parameters<rewritten>>();
  mote::random_source generator{1};
  mote::initialize(*weights, generator);
  const auto memory = std::make_unique<mote::workspace<rewritten, float, Batch>>();
  fill_like_digits(memory->input(), generator);
  const auto elements = memory->input().elements();
  const std::vector<float> images(elements.begin(), elements.end());
  for (auto _ : state) {
    std::copy(images.begin(), images.end(), elements.begin()); // a run overwrites its input
    benchmark::DoNotOptimize(mote::forward<Isa>(*weights, *memory).data);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(Batch));
}

template <class Net, class Isa, std::size_t Batch>
void backward(benchmark::State& state) {
  const auto all = make_trainer<Net, Batch>();
  fill_like_digits(all->workspace.input(), all->random);
  mote::train_forward<Isa>(all->parameters, all->workspace, all->random);
  const std::uint8_t labels[Batch]{};
  mote::softmax_cross_entropy::evaluate(all->workspace.output().as_const(),
                                        std::span<const std::uint8_t>(labels),
                                        all->workspace.output_gradient());
  for (auto _ : state) {
    mote::backward<Isa>(all->parameters, all->workspace, all->gradients);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(Batch));
}

template <class Net, std::size_t Batch>
void update(benchmark::State& state) {
  const auto all = make_trainer<Net, Batch>();
  for (auto _ : state) {
    all->optimizer.update(all->parameters, all->gradients, all->state);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(Batch));
}

template <class Net, class Isa, std::size_t Batch>
void forward_int8(benchmark::State& state) {
  using integer = mote::deployed<mote::quantized<Net>>;
  const auto weights = std::make_unique<mote::parameters<integer>>();
  mote::random_source generator{1};
  mote::visit_tensors<integer>(
      [&](auto, const mote::field& description, auto& tensor) {
        for (auto& value : tensor.values) {
          value =
              description.role == mote::role::weight
                  ? static_cast<std::remove_reference_t<decltype(value)>>(generator.below(255)) -
                        127
                  : 1;
        }
      },
      *weights);
  const auto memory = std::make_unique<mote::workspace<integer, std::int8_t, Batch>>();
  fill_like_digits(memory->input(), generator);
  const auto elements = memory->input().elements();
  const std::vector<std::int8_t> images(elements.begin(), elements.end());
  for (auto _ : state) {
    std::copy(images.begin(), images.end(), elements.begin());
    benchmark::DoNotOptimize(mote::forward<Isa>(*weights, *memory).data);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(Batch));
}

template <std::size_t Units>
using dense = mote::dense<Units>;
template <std::size_t Units>
using sparse_dense = mote::sparse_dense<Units>;

template <template <std::size_t> class First>
using mlp_with = mote::network<mote::input<784>, First<100>, mote::relu, mote::dense<10>>;

/// So many samples of which so many percent are not zero: at how many does sparse_dense break even
/// with dense?
template <std::size_t Batch>
std::vector<float> inputs_of_density(std::int64_t percent) {
  mote::random_source generator{1};
  std::vector<float> inputs(Batch * 784);
  for (float& value : inputs) {
    value = generator.below(100) < percent ? generator.uniform<float>() : 0.0f;
  }
  return inputs;
}

template <template <std::size_t> class First, std::size_t Batch>
void forward_at_density(benchmark::State& state) {
  using net = mote::inference_network<mlp_with<First>>;
  struct model {
    alignas(64) mote::parameters<net> weights{};
    alignas(64) mote::workspace<net, float, Batch> memory{};
  };
  const auto all = std::make_unique<model>();
  const auto inputs = inputs_of_density<Batch>(state.range(0));
  for (auto _ : state) {
    std::copy(inputs.begin(), inputs.end(), all->memory.input().data);
    benchmark::DoNotOptimize(mote::forward(all->weights, all->memory).data);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(Batch));
}

template <template <std::size_t> class First, std::size_t Batch>
void train_at_density(benchmark::State& state) {
  using optimizer = mote::fused_update<mote::sgd<float>>;
  using trainer = mote::trainer<mlp_with<First>, mote::softmax_cross_entropy, optimizer, Batch>;
  const auto all = std::make_unique<trainer>(optimizer{{1e-6f}}, 1);
  const auto inputs = inputs_of_density<Batch>(state.range(0));
  const std::uint8_t labels[Batch]{};
  for (auto _ : state) {
    std::copy(inputs.begin(), inputs.end(), all->workspace.input().data);
    benchmark::DoNotOptimize(all->step(Batch, std::span<const std::uint8_t>(labels)));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(Batch));
}

BENCHMARK_TEMPLATE(forward_at_density, dense, 1)->Arg(20);
BENCHMARK_TEMPLATE(forward_at_density, sparse_dense, 1)->DenseRange(20, 100, 10);
BENCHMARK_TEMPLATE(forward_at_density, dense, 32)->Arg(20);
BENCHMARK_TEMPLATE(forward_at_density, sparse_dense, 32)->DenseRange(20, 100, 10);
BENCHMARK_TEMPLATE(train_at_density, dense, 1)->Arg(20);
BENCHMARK_TEMPLATE(train_at_density, sparse_dense, 1)->DenseRange(20, 100, 10);
BENCHMARK_TEMPLATE(train_at_density, dense, 32)->Arg(20);
BENCHMARK_TEMPLATE(train_at_density, sparse_dense, 32)->DenseRange(20, 100, 10);
BENCHMARK_TEMPLATE(forward, mlp, generic, 1);
BENCHMARK_TEMPLATE(forward, mlp, native, 1);
BENCHMARK_TEMPLATE(forward, mlp, generic, 100);
BENCHMARK_TEMPLATE(forward, mlp, native, 100);
BENCHMARK_TEMPLATE(backward, mlp, generic, 1);
BENCHMARK_TEMPLATE(backward, mlp, native, 1);
BENCHMARK_TEMPLATE(backward, mlp, generic, 100);
BENCHMARK_TEMPLATE(backward, mlp, native, 100);
BENCHMARK_TEMPLATE(update, mlp, 100);
BENCHMARK_TEMPLATE(forward_int8, mlp, generic, 1);
BENCHMARK_TEMPLATE(forward_int8, mlp, native, 1);
BENCHMARK_TEMPLATE(forward_int8, mlp, generic, 100);
BENCHMARK_TEMPLATE(forward_int8, mlp, native, 100);
BENCHMARK_TEMPLATE(forward_int8, lenet, generic, 1);
BENCHMARK_TEMPLATE(forward_int8, lenet, native, 1);
BENCHMARK_TEMPLATE(forward_int8, lenet, generic, 100);
BENCHMARK_TEMPLATE(forward_int8, lenet, native, 100);
BENCHMARK_TEMPLATE(forward, lenet, generic, 1);
BENCHMARK_TEMPLATE(forward, lenet, native, 1);
BENCHMARK_TEMPLATE(forward, lenet, generic, 100);
BENCHMARK_TEMPLATE(forward, lenet, native, 100);
BENCHMARK_TEMPLATE(backward, lenet, generic, 32);
BENCHMARK_TEMPLATE(backward, lenet, native, 32);
BENCHMARK_TEMPLATE(update, lenet, 32);

} // namespace
