// Whole networks by the kernels that the compiler was told to use, against the plain loops. Built
// for each level of x86-64, see levels.cmake.
#include <mote/core/isa.hpp>
#include <mote/core/network.hpp>
#include <mote/core/passes.hpp>
#include <mote/core/run.hpp>
#include <mote/core/storage.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/sparse_dense.hpp>
#include <mote/layers/tanh.hpp>
#include <mote/losses/softmax_cross_entropy.hpp>
#include <mote/models/lenet.hpp>
#include <mote/optimizers/fused_update.hpp>
#include <mote/optimizers/sgd.hpp>
#include <mote/quantization/quantize.hpp>
#include <mote/training/trainer.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

namespace {

using namespace mote;

constexpr std::size_t batch = 5;
constexpr int steps = 3;
using mlp = network<input<28, 28, 1>, flatten, sparse_dense<30>, mote::tanh, dense<10>>;

/// Images in which some pixels are zero. Noise, so that no two elements of a window are equal but
/// for rounding, among which max pooling would choose by chance.
std::vector<float> images(unsigned seed) {
  support::noise random{seed};
  std::vector<float> result(batch * 28 * 28);
  random.fill(std::span<float>{result}, -0.5f, 1.0f);
  for (float& pixel : result) {
    pixel = std::max(pixel, 0.0f);
  }
  return result;
}

constexpr std::uint8_t labels[batch] = {3, 1, 4, 1, 9};

/// The losses of some steps, with all weights after them.
template <class Net, class Optimizer, class Isa>
std::vector<float> trained(const Optimizer& optimizer) {
  using trainer = mote::trainer<Net, softmax_cross_entropy, Optimizer, batch, float, Isa>;
  const auto all = std::make_unique<trainer>(optimizer, 1);
  std::vector<float> result;
  for (unsigned step = 0; step < steps; ++step) {
    std::ranges::copy(images(step), all->workspace.input().data);
    result.push_back(all->step(batch, std::span<const std::uint8_t>{labels}));
  }
  visit_tensors<Net>(
      [&](auto, const field&, const auto& tensor) {
        result.insert(result.end(), tensor.values.begin(), tensor.values.end());
      },
      all->parameters);
  return result;
}

template <class Net, class Optimizer>
void check_training(const Optimizer& optimizer) {
  const auto expected = trained<Net, Optimizer, isa::generic>(optimizer);
  const auto found = trained<Net, Optimizer, isa::native>(optimizer);
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!support::close(found[i], expected[i], 1e-4f)) {
      FAIL("number " << i << " is " << found[i] << ", not " << expected[i]);
    }
  }
  CHECK(found[0] != found[steps - 1]);
}

/// The codes that a network in int8 gives.
template <class Net, class Isa>
std::vector<int> codes() {
  using real_net = calibration_network<Net>;
  using int8_net = quantized<Net>;
  const auto written = std::make_unique<parameters<Net>>();
  random_source random{2};
  initialize(*written, random);
  const auto real = std::make_unique<parameters<real_net>>();
  to_calibration(*written, *real);
  const auto real_memory = std::make_unique<workspace<real_net, float, batch>>();
  const auto inputs = images(7);
  std::ranges::copy(inputs, real_memory->input().data);
  activation_ranges<Net> ranges{};
  calibrate<Net, isa::generic>(*real, *real_memory, ranges);
  const auto scales = choose_scales<int8_net>(ranges, asymmetric(ranges[0]));
  const auto integers = std::make_unique<parameters<int8_net>>();
  quantize<int8_net>(*real, scales, *integers);
  const auto memory = std::make_unique<workspace<int8_net, std::int8_t, batch>>();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    memory->input().data[i] = quantize(static_cast<double>(inputs[i]), scales[0]);
  }
  const auto elements = forward<Isa>(*integers, *memory).elements();
  return {elements.begin(), elements.end()};
}

template <class Net>
void check_codes() {
  const auto expected = codes<Net, isa::generic>();
  CHECK(codes<Net, isa::native>() == expected);
  CHECK(std::ranges::count(expected, expected[0]) < static_cast<std::ptrdiff_t>(expected.size()));
}

} // namespace

TEST_CASE("the compiler's options choose these kernels", "[levels]") {
  CHECK(isa::native::name == std::string_view{MOTE_EXPECTED_ISA});
}

TEST_CASE("networks train as by the plain loops", "[levels]") {
  check_training<models::lenet>(fused_update<sgd<>>{{0.05f}});
  check_training<mlp>(fused_update<momentum_sgd<>>{{0.05f}});
  check_training<mlp>(sgd<>{0.05f});
}

TEST_CASE("networks in int8 give the same codes as by the plain loops", "[levels]") {
  check_codes<models::lenet>();
  check_codes<network<input<28, 28, 1>, flatten, dense<30>, mote::tanh, dense<10>>>();
}
