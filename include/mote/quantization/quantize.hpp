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

namespace detail {

/// For each value of a network the first one that has to have the same mapping.
template <class Net>
constexpr auto find_shared_mappings() {
  std::array<std::size_t, Net::size + 1> first{};
  for (std::size_t value = 0; value <= Net::size; ++value) {
    first[value] = value;
  }
  const auto unite = [&](std::size_t a, std::size_t b) {
    const std::size_t from = std::max(first[a], first[b]);
    const std::size_t to = std::min(first[a], first[b]);
    for (std::size_t& one : first) {
      one = one == from ? to : one;
    }
  };
  for_each_index<Net::size>([&](auto index) {
    if constexpr (Net::template layer<index>::keeps_mapping) {
      [&]<std::size_t... Source>(std::index_sequence<Source...>) {
        (unite(Source, index + 1), ...);
      }
      (typename Net::template sources<index>{});
    }
  });
  return first;
}
template <class Net>
inline constexpr auto shared_mappings = find_shared_mappings<Net>();

/// How many layers, or the caller for the input, could choose the mapping of each value.
template <class Net>
constexpr auto count_choosers() {
  std::array<std::size_t, Net::size + 1> count{1};
  for_each_index<Net::size>([&](auto index) {
    count[shared_mappings<Net>[index + 1]] += Net::template layer<index>::keeps_mapping ? 0 : 1;
  });
  return count;
}
template <class Net>
inline constexpr auto mapping_choosers = count_choosers<Net>();

} // namespace detail

/// Scales from ranges. `input` is given rather than calibrated when it is known what a firmware's
/// sensor delivers; for 8-bit pixels p standing for p / 255 it is {1/255, -128}, exact for all of
/// them.
template <class Quantized>
constexpr activation_scales<Quantized>
choose_scales(const std::array<range, Quantized::size + 1>& ranges, const affine& input) {
  constexpr auto& shared = detail::shared_mappings<Quantized>;
  constexpr auto& choosers = detail::mapping_choosers<Quantized>;
  static_assert(choosers[0] == 1, "mote::choose_scales: the input of the network is concatenated "
                                  "with what layers give, but its mapping is given; put a layer "
                                  "between");
  std::array<range, Quantized::size + 1> united = ranges;
  for (std::size_t value = 0; value <= Quantized::size; ++value) {
    united[shared[value]].include(ranges[value].lowest);
    united[shared[value]].include(ranges[value].highest);
  }
  activation_scales<Quantized> scales{};
  scales[0] = input;
  for_each_index<Quantized::size>([&](auto index) {
    using layer_type = typename Quantized::template layer<index>;
    constexpr std::size_t first = shared[index + 1];
    if constexpr (first <= index) {
      scales[index + 1] = scales[first];
    } else if constexpr (choosers[first] > 1) {
      scales[index + 1] = asymmetric(united[first]);
    } else {
      scales[index + 1] = [&]<std::size_t... Source>(std::index_sequence<Source...>) {
        return layer_type::output_affine(scales[Source]..., united[first]);
      }
      (typename Quantized::template sources<index>{});
    }
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
