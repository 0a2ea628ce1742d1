// The models whose exported headers are compared with themselves: fixed pseudo-random parameters,
// and among them the values that a text could lose.
#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/isa.hpp>
#include <mote/core/passes.hpp>
#include <mote/core/random.hpp>
#include <mote/core/run.hpp>
#include <mote/core/storage.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/tanh.hpp>
#include <mote/quantization/quantize.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace golden {

using trained = mote::network<
    mote::input<4, 3, 1>, mote::flatten, mote::dense<9>, mote::relu, mote::dropout<20>,
    mote::dense<6, mote::initializers::automatic, mote::bias::none>, mote::tanh, mote::dense<3>>;
using real_network = mote::inference_network<trained>;
using rounding = mote::rounding::once;
using integer_network = mote::quantized<trained, rounding>;

inline constexpr std::size_t samples = 16;
using real_outputs = std::array<float, samples * real_network::output.size()>;
using integer_outputs = std::array<std::int8_t, samples * integer_network::output.size()>;

/// The real numbers that are hard to write down: the smallest, the largest, zero with a sign.
inline void add_extremes(mote::parameters<real_network>& weights) {
  using limits = std::numeric_limits<float>;
  auto& values = mote::get<1>(weights).weights.values;
  const std::array extremes{limits::min(),
                            -limits::denorm_min(),
                            1e-40f,
                            -0.0f,
                            limits::epsilon(),
                            -1e-30f,
                            1e-10f,
                            0.1f,
                            1.0f / 3.0f,
                            16777216.0f,
                            -1e30f,
                            limits::max(),
                            limits::lowest() / 2,
                            3.1415927f,
                            1e-45f,
                            0.0f};
  for (std::size_t i = 0; i < extremes.size(); ++i)
    values[i] = extremes[i];
}

inline mote::parameters<trained> trained_parameters() {
  mote::parameters<trained> weights{};
  mote::random_source random(20'24);
  mote::visit_tensors<trained>(
      [&](auto, const mote::field&, auto& tensor) {
        for (float& value : tensor.values)
          value = random.normal<float>();
      },
      weights);
  return weights;
}

inline mote::parameters<real_network> real_parameters() {
  mote::parameters<real_network> weights{};
  mote::to_inference(trained_parameters(), weights);
  return weights;
}

/// Not to be run: the largest values are there to overflow.
inline mote::parameters<real_network> extreme_parameters() {
  auto weights = real_parameters();
  add_extremes(weights);
  return weights;
}

inline mote::activation_scales<integer_network> scales() {
  mote::activation_ranges<trained> ranges{};
  for (auto& range : ranges)
    range = {-4.0f, 5.0f};
  return mote::choose_scales<integer_network>(ranges, {1.0f / 255.0f, -128});
}

inline mote::parameters<integer_network> integer_parameters() {
  mote::parameters<mote::calibration_network<trained>> weights{};
  mote::to_calibration(trained_parameters(), weights);
  mote::parameters<integer_network> result{};
  mote::quantize(weights, scales(), result);
  return result;
}

/// Not to be run either.
inline mote::parameters<integer_network> extreme_integer_parameters() {
  auto weights = integer_parameters();
  auto& layer = mote::get<1>(weights);
  layer.weights[0] = -128;
  layer.weights[1] = 127;
  layer.bias[0] = std::numeric_limits<std::int32_t>::min();
  layer.bias[1] = std::numeric_limits<std::int32_t>::max();
  layer.multipliers[8] = std::numeric_limits<std::int32_t>::min();
  layer.lowest[0] = -128;
  return weights;
}

/// Runs a network on fixed inputs. The generic kernels: they compute the same bits everywhere.
template <class Net, class T>
std::array<T, samples * Net::output.size()> run(const mote::parameters<Net, T>& weights) {
  mote::workspace<Net, T> memory{};
  std::array<T, samples * Net::output.size()> outputs{};
  mote::random_source random(7);
  auto* next = outputs.data();
  for (std::size_t sample = 0; sample < samples; ++sample) {
    for (T& value : memory.input().elements()) {
      const auto pixel = static_cast<int>(random.below(256));
      value = sizeof(T) == 1 ? static_cast<T>(pixel - 128) : static_cast<T>(pixel) / T(255.0f);
    }
    for (const T value : mote::forward<mote::isa::generic>(weights, memory).elements())
      *next++ = value;
  }
  return outputs;
}

} // namespace golden
