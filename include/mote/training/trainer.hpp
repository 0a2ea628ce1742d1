// Everything that training one network needs, in one aggregate that the caller places.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/run.hpp>
#include <mote/core/storage.hpp>
#include <mote/training/initialize.hpp>
#include <mote/training/metrics.hpp>
#include <mote/training/schedules.hpp>
#include <mote/training/statistics.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mote {

namespace detail {

/// Whether the optimizer runs the network backwards itself, see fused_update<>.
template <class Optimizer, class Net, class T>
concept is_fused = requires {
  typename Optimizer::template slopes<Net, T>;
};

template <class Net, class T, class Optimizer>
struct gradients_for {
  using type = gradients<Net, T>;
};
template <class Net, class T, is_fused<Net, T> Optimizer>
struct gradients_for<Net, T, Optimizer> {
  using type = typename Optimizer::template slopes<Net, T>;
};

/// Where vectors are loaded, arrays start with a cache line: a load that crosses two takes twice as
/// long.
template <class Isa, class T>
constexpr std::size_t line_of = alignof(T);
template <std::size_t Bytes, class T>
constexpr std::size_t line_of<isa::simd<Bytes>, T> = 64;

} // namespace detail

/// Mini-batch training. Owns nothing hidden: all its state is public, of fixed size, and may be
/// read, replaced or stored between any two steps. The same seed gives the same weights, bit for
/// bit, on every run of the same build.
///
/// An object is as large as the network needs (`sizeof` says it), so make it static or put it on
/// the heap, not on a small stack.
template <class Net, class Loss, class Optimizer, std::size_t Batch, class T = float,
          class Isa = isa::native>
struct trainer {
  using network = Net;
  using loss = Loss;
  static constexpr std::size_t batch = Batch;
  static_assert(detail::require<requires { typename Optimizer::template state<Net>; }, Optimizer,
                                lacks::state_of_network>);

  Optimizer optimizer;
  random_source random;
  alignas(detail::line_of<Isa, T>) mote::parameters<Net, T> parameters;
  /// Of the last step, but for layers that a fused_update<> changes without.
  [[no_unique_address]] alignas(detail::line_of<Isa, T>)
      typename detail::gradients_for<Net, T, Optimizer>::type gradients;
  alignas(detail::line_of<Isa, T>) typename Optimizer::template state<Net> state;
  mote::workspace<training_network<Net>, T, Batch, training> workspace;

  /// Draws initial weights; all else is zero.
  constexpr trainer(Optimizer with, std::uint64_t seed)
      : optimizer(with), random(seed), parameters{}, gradients{}, state{}, workspace{} {
    initialize(parameters, random);
  }

  /// One step on the `rows` samples in `workspace.input(rows)`: forward, loss, backward, update.
  /// `targets` is what the loss takes: a span of labels or a view of target outputs.
  /// `on_output(view)` sees the outputs before the way back overwrites them. Returns the batch's
  /// mean loss before the update.
  template <class Targets, class OnOutput>
  constexpr T step(std::size_t rows, Targets targets, OnOutput&& on_output) {
    const auto output = train_forward<Isa>(parameters, workspace, random, rows);
    on_output(output);
    const auto slopes = workspace.output_gradient(rows);
    constexpr bool has_evaluate = requires {
      Loss::evaluate(output, targets, slopes);
    };
    static_assert(detail::require<has_evaluate, Loss, lacks::evaluate_for_these_targets>);
    const T value = Loss::evaluate(output, targets, slopes);
    if constexpr (detail::is_fused<Optimizer, Net, T>) {
      optimizer.template backward<Isa>(parameters, workspace, gradients, state, rows);
    } else {
      backward<Isa>(parameters, workspace, gradients, rows);
      constexpr bool has_update = requires {
        optimizer.update(parameters, gradients, state);
      };
      static_assert(detail::require<has_update, Optimizer, lacks::update_of_these_parameters>);
      optimizer.update(parameters, gradients, state);
    }
    update_statistics(parameters, gradients);
    return value;
  }

  template <class Targets>
  constexpr T step(std::size_t rows, Targets targets) {
    return step(rows, targets, [](auto) {});
  }

  /// One pass over the samples that `order` lists, in that order after shuffling it; the last batch
  /// may be shorter. Before each step `before_step(samples done)` is called, where a schedule may
  /// set `optimizer.learning_rate`. Returns loss and accuracy as they were while training: dropout
  /// was active and the weights were changing.
  template <class Data, class BeforeStep>
  requires labelled_samples<Data, T>
  constexpr evaluation epoch(const Data& data, std::span<std::uint32_t> order,
                             BeforeStep&& before_step) {
    random.shuffle(order);
    std::array<class_index, Batch> labels{};
    evaluation result;
    for (std::size_t first = 0; first < order.size(); first += Batch) {
      const std::size_t rows = std::min(Batch, order.size() - first);
      detail::copy_samples(data, order, first, workspace.input(rows), labels);
      before_step(first);
      const std::span<const class_index> targets{labels.data(), rows};
      const T mean = step(rows, targets, [&](auto output) { result.count(output, targets); });
      result.total_loss += static_cast<double>(mean) * static_cast<double>(rows);
    }
    return result;
  }

  template <class Data>
  requires labelled_samples<Data, T>
  constexpr evaluation epoch(const Data& data, std::span<std::uint32_t> order) {
    return epoch(data, order, [](std::size_t) {});
  }
};

} // namespace mote
