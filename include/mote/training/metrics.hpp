// How good a network is on a set of labelled samples.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/run.hpp>
#include <mote/core/storage.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mote {

/// The index of the largest element; the first of them if several are equal. Requires values.
template <class T, std::size_t Extent>
constexpr std::size_t argmax(std::span<T, Extent> values) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    best = values[i] > values[best] ? i : best;
  }
  return best;
}

/// The class of a sample while it is in a batch.
using class_index = std::uint16_t;

/// What training and evaluation read: labelled samples in any form that can be copied into a
/// network's input. `T` is the type of the network's activations.
template <class Data, class T>
concept labelled_samples = requires(const Data& data, std::size_t index, std::span<T> target) {
  { data.size() } -> std::convertible_to<std::size_t>;
  { data.label(index) } -> std::integral;
  data.copy_input(index, target);
};

struct evaluation {
  std::size_t samples = 0;
  std::size_t correct = 0;
  double total_loss = 0.0;

  /// Counts a batch of outputs: the class is the largest of a row.
  template <class View, std::integral Label>
  constexpr void count(const View& output, std::span<const Label> labels) {
    for (std::size_t row = 0; row < output.rows; ++row) {
      correct += argmax(output[row]) == labels[row] ? 1 : 0;
    }
    samples += output.rows;
  }

  constexpr double accuracy() const {
    return samples == 0 ? 0.0 : static_cast<double>(correct) / static_cast<double>(samples);
  }
  constexpr double loss() const {
    return samples == 0 ? 0.0 : total_loss / static_cast<double>(samples);
  }
};

namespace detail {

/// Copies samples [first, first + rows) into a workspace's input; `order` maps their indices, if
/// given.
template <class T, std::size_t Size, class Data>
constexpr void copy_samples(const Data& data, std::span<const std::uint32_t> order,
                            std::size_t first, batch_view<T, Size> input,
                            std::span<class_index> labels) {
  for (std::size_t row = 0; row < input.rows; ++row) {
    const std::size_t index =
        order.empty() ? first + row : static_cast<std::size_t>(order[first + row]);
    data.copy_input(index, std::span<T>{input[row]}); // as the concept asks, of dynamic extent
    labels[row] = static_cast<class_index>(data.label(index));
  }
}

} // namespace detail

/// Runs the network on all samples and counts; the class is the largest output. With `Loss` other
/// than none also sums the loss. Allocates nothing: `memory` is what it works in.
template <class Loss = none, class Isa = isa::native, class Net, class T, detail::runs_as<Net> Run,
          std::size_t Batch, class Mode, class Data>
requires labelled_samples<Data, T>
constexpr evaluation evaluate(const parameters<Net, T>& weights, const Data& data,
                              workspace<Run, T, Batch, Mode>& memory) {
  evaluation result;
  std::array<class_index, Batch> labels{};
  for (std::size_t first = 0; first < data.size(); first += Batch) {
    const std::size_t rows = std::min(Batch, data.size() - first);
    detail::copy_samples(data, {}, first, memory.input(rows), labels);
    const auto output = forward<Isa>(weights, memory, rows);
    const std::span<const class_index> targets{labels.data(), rows};
    result.count(output, targets);
    if constexpr (!is_none<Loss>) {
      const auto mean = Loss::evaluate(output, targets);
      result.total_loss += static_cast<double>(mean) * static_cast<double>(rows);
    }
  }
  return result;
}

} // namespace mote
