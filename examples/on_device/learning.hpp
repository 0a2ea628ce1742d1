// What the host and the firmware share: two ways to learn on the device, from images that come one
// by one.
#pragma once

#include <mote/mote.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace on_device {

inline constexpr std::size_t pixels = 784;
inline constexpr std::size_t classes = 10;
inline constexpr std::size_t batch = 8;
inline constexpr std::uint32_t training_images = 4000;
inline constexpr std::uint32_t test_images = 500;

/// One image as it comes: its label, then its pixels.
using record = std::array<std::uint8_t, 1 + pixels>;

using network =
    mote::network<mote::input<pixels>, mote::dense<16>, mote::relu, mote::dense<classes>>;
using head = mote::network<mote::input<16>, mote::dense<classes>>;

/// No memory for gradients, and the plain loops and nothing but: they round alike wherever they are
/// compiled without fused multiplication and addition, so a board ends up with the weights of a
/// desktop, bit for bit.
using optimizer = mote::fused_update<mote::momentum_sgd<float>>;
template <class Net>
using trainer =
    mote::trainer<Net, mote::softmax_cross_entropy, optimizer, batch, float, mote::isa::generic>;

struct outcome {
  std::uint32_t checksum = 0; ///< of the weights
  std::uint32_t correct_before = 0;
  std::uint32_t correct = 0; ///< of test_images
};

/// Trains on `training_images` records that `next(record)` reads. `features(pixels, input of a
/// row)` writes what enters the network; `measured(step)` runs each step and may measure it.
template <class Net, class Next, class Features, class Measured>
void learn(trainer<Net>& all, Next& next, Features features, Measured measured) {
  record one;
  std::array<std::uint8_t, batch> labels{};
  for (std::uint32_t first = 0; first < training_images; first += batch) {
    for (std::size_t row = 0; row < batch; ++row) {
      next(one);
      labels[row] = one[0];
      features(std::span(one).template subspan<1>(), all.workspace.input()[row]);
    }
    measured([&] { all.step(batch, std::span<const std::uint8_t>(labels)); });
  }
}

/// How many of the next `test_images` records are classified right.
template <class Net, class Next, class Features>
std::uint32_t count_correct(trainer<Net>& all, Next& next, Features features) {
  record one;
  std::uint32_t correct = 0;
  for (std::uint32_t i = 0; i < test_images; ++i) {
    next(one);
    features(std::span(one).template subspan<1>(), all.workspace.input()[0]);
    const auto output = mote::forward<mote::isa::generic>(all.parameters, all.workspace, 1);
    correct += mote::argmax(output[0]) == one[0] ? 1 : 0;
  }
  return correct;
}

inline void as_shares(std::span<const std::uint8_t, pixels> image, std::span<float> input) {
  for (std::size_t i = 0; i < pixels; ++i) {
    input[i] = static_cast<float>(image[i]) / 255.0f;
  }
}

/// From scratch: 784-16-10 in float. `open()` returns a `next` at the first record.
template <class Open, class Measured>
outcome from_scratch(trainer<network>& all, Open open, Measured measured) {
  outcome result;
  auto next = open();
  learn(all, next, as_shares, measured);
  result.correct = count_correct(all, next, as_shares);
  result.checksum = mote::checksum(all.parameters);
  return result;
}

/// The last layer of an int8 model in float: what its codes stand for.
template <class Parameters>
void copy_real(const Parameters& integers, const mote::affine& in, const mote::affine& out,
               mote::parameters<head>& real) {
  auto& layer = mote::get<0>(real);
  for (std::size_t o = 0; o < classes; ++o) {
    // multiplier 2^(shift - 31) = input scale x weight scale / output scale
    float factor = static_cast<float>(integers.multipliers[o]) / 2147483648.0f;
    for (int shift = integers.shifts[o]; shift != 0; shift += shift < 0 ? 1 : -1) {
      factor = shift < 0 ? factor / 2.0f : factor * 2.0f;
    }
    const float sum_scale = factor * out.scale;
    for (std::size_t i = 0; i < head::input.size(); ++i) {
      layer.weights[o * head::input.size() + i] =
          sum_scale / in.scale * static_cast<float>(integers.weights[o * head::input.size() + i]);
    }
    layer.bias[o] = sum_scale * static_cast<float>(integers.bias[o]);
  }
}

/// Fine-tuning: the int8 model stays as it is and finds the features; its last layer learns in
/// float, here that the images come mirrored. `infer(codes)` runs the model on the codes of an
/// image and returns those of the features, which mean `mapping`.
template <class Open, class Infer, class Measured>
outcome fine_tuned(trainer<head>& all, Open open, Infer infer, const mote::affine& mapping,
                   Measured measured) {
  const auto features = [&](std::span<const std::uint8_t, pixels> image, std::span<float> input) {
    std::array<std::int8_t, pixels> codes;
    for (std::size_t i = 0; i < pixels; ++i) {
      codes[i] = static_cast<std::int8_t>(image[i / 28 * 28 + 27 - i % 28] - 128);
    }
    const auto found = infer(codes);
    for (std::size_t i = 0; i < input.size(); ++i) {
      input[i] = mote::dequantize(found[i], mapping);
    }
  };
  outcome result;
  {
    auto next = open();
    for (std::uint32_t i = 0; i < training_images; ++i) { // to those that it is not going to learn
      record skipped;
      next(skipped);
    }
    result.correct_before = count_correct(all, next, features);
  }
  auto next = open();
  learn(all, next, features, measured);
  result.correct = count_correct(all, next, features);
  result.checksum = mote::checksum(all.parameters);
  return result;
}

} // namespace on_device
