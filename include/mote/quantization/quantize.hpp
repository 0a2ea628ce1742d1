// From trained real parameters to integers: see the ranges of the activations, then scale.
#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/isa.hpp>
#include <mote/core/passes.hpp>
#include <mote/core/run.hpp>
#include <mote/core/storage.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace mote {

/// The ranges that the activations of a network took: [0] its input, [i + 1] the output of layer i
/// of `calibration_network<Net>`.
template <class Net>
using activation_ranges = std::array<range, calibration_network<Net>::size + 1>;

/// Widens `ranges` by what the activations become on `rows` samples in `memory.input()`.
/// `weights` are those of `calibration_network<Net>`, see `to_calibration`.
template <class Net, class Isa = isa::native, class T, std::size_t Batch>
constexpr void calibrate(const parameters<calibration_network<Net>, T>& weights,
                         workspace<calibration_network<Net>, T, Batch>& memory,
                         activation_ranges<Net>& ranges, std::size_t rows = Batch) {
  rows = std::min(rows, Batch);
  const auto include_all = [](range& seen, auto view) {
    for (const T value : view.elements()) {
      seen.include(static_cast<float>(value));
    }
  };
  include_all(ranges[0], memory.input(rows));
  forward<Isa>(weights, memory, rows,
               [&](std::size_t layer, auto output) { include_all(ranges[layer + 1], output); });
}

/// The mappings of all activations of a quantized network: [0] its input, [i + 1] what layer i
/// gives.
template <class Quantized>
using activation_scales = std::array<affine, Quantized::size + 1>;

/// Scales from ranges. `input` is given rather than calibrated when it is known what a firmware's
/// sensor delivers; for 8-bit pixels p standing for p / 255 it is {1/255, -128}, exact for all of
/// them.
template <class Quantized>
constexpr activation_scales<Quantized>
choose_scales(const std::array<range, Quantized::size + 1>& ranges, const affine& input) {
  activation_scales<Quantized> scales{};
  scales[0] = input;
  for_each_index<Quantized::size>([&](auto index) {
    using layer_type = typename Quantized::template layer<index>;
    scales[index + 1] = [&]<std::size_t... Source>(std::index_sequence<Source...>) {
      return layer_type::output_affine(scales[Source]..., ranges[index + 1]);
    }
    (typename Quantized::template sources<index>{});
  });
  return scales;
}

/// Fills the parameters of a quantized network from those of the real one with matching layers.
template <class Quantized, class Real, class T>
constexpr void quantize(const parameters<Real, T>& real, const activation_scales<Quantized>& scales,
                        parameters<Quantized>& result) {
  static_assert(Quantized::size == Real::size,
                "mote::quantize: quantize calibration_network<Net>, not Net itself");
  for_each_index<Quantized::size>([&](auto index) {
    using layer_type = typename Quantized::template layer<index>;
    constexpr shape in = Quantized::inputs[index];
    using items = typename layer_type::template parameters<in, value_type_of<Quantized>>;
    if constexpr (!is_none<items>) {
      [&]<std::size_t... Source>(std::index_sequence<Source...>) {
        get<index>(result) = layer_type::template quantize<in>(get<index>(real), scales[Source]...,
                                                               scales[index + 1]);
      }
      (typename Quantized::template sources<index>{});
    }
  });
}

} // namespace mote
