// Training on several threads.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/run.hpp>
#include <mote/core/storage.hpp>
#include <mote/hosted/thread_team.hpp>
#include <mote/optimizers/fused_update.hpp>
#include <mote/training/initialize.hpp>
#include <mote/training/metrics.hpp>
#include <mote/training/statistics.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mote::hosted {

namespace detail {

/// What fused_update<> is made of: gradients of several threads have to meet before the update.
template <class Optimizer>
struct unfused {
  using type = Optimizer;
};
template <class Optimizer>
struct unfused<fused_update<Optimizer>> {
  using type = Optimizer;
};

template <class Optimizer, class Rule>
constexpr bool declares(Rule (Optimizer::*)(const field&) const) {
  return true;
}
/// Whether the optimizer treats each element alone, by its `rule`, as fused_update<> asks. A
/// wrapper that inherits a rule does more than that.
template <class Optimizer, class Net>
concept updates_by_rule = requires(typename Optimizer::template state<Net>& kept) {
  requires declares<Optimizer>(&Optimizer::rule);
  Optimizer::visit_state(kept, [](auto&...) {});
};

/// Some consecutive ones of a batch's rows, or of a tensor's elements.
struct range {
  std::size_t first = 0;
  std::size_t count = 0;
};

template <class T, std::size_t Size>
constexpr auto part_of(batch_view<T, Size> targets, range rows) {
  return batch_view<T, Size>{targets.data + rows.first * Size, rows.count};
}
template <class T, std::size_t Extent>
constexpr std::span<T> part_of(std::span<T, Extent> targets, range rows) {
  return targets.subspan(rows.first, rows.count);
}

} // namespace detail

/// A mote::trainer that cuts each batch into `Shards` parts, which up to `Shards` threads work on:
/// each has a workspace, gradients and a random source of its own. Handing work over takes about a
/// microsecond when each thread has a processor, see thread_team. The gradient of the batch is the
/// mean of theirs, weighted by rows and summed in their order. What is computed depends on `Shards`
/// and not on the number of threads: the same seed gives the same weights, bit for bit, on any
/// number of them. With one shard they are those of mote::trainer; with more they differ
///   - by rounding, and if there is nothing random in the network by no more;
///   - in what dropout draws;
///   - with batch_norm, which normalizes each shard by the shard's own statistics and keeps the
///     running mean of their averages ("ghost batches", Hoffer, Hubara & Soudry, "Train longer,
///     generalize better", 2017, algorithm 1). A shard should have some ten rows or more.
///
/// `fused_update<O>` stands for O here, whose weights are the same but for rounding. The update is
/// divided among the threads if the optimizer has a `rule`, as sgd and momentum_sgd do; others run
/// on the caller's.
///
/// Allocates nothing after construction. Large: make it static or put it on the heap.
template <class Net, class Loss, class Optimizer, std::size_t Batch, std::size_t Shards = 2,
          class T = float, class Isa = isa::native>
struct parallel_trainer {
  using network = Net;
  using loss = Loss;
  using optimizer_type = typename detail::unfused<Optimizer>::type;
  static constexpr std::size_t batch = Batch;
  static_assert(Shards > 0 && Shards <= Batch,
                "mote::hosted::parallel_trainer: a batch has 1 to Batch shards");
  static_assert(mote::detail::require<requires { typename optimizer_type::template state<Net>; },
                                      optimizer_type, lacks::state_of_network>);

  /// What one thread writes at a time.
  struct shard {
    static constexpr std::size_t most_rows = (Batch + Shards - 1) / Shards;
    mote::workspace<training_network<Net>, T, most_rows, training> workspace{};
    alignas(64) mote::gradients<Net, T> gradients{};
    std::vector<const T*> tensors; ///< of the gradients, in the order of visit_tensors
    random_source random{0};
    T loss{};
    evaluation counted;
  };

  optimizer_type optimizer;
  alignas(64) mote::parameters<Net, T> parameters{};
  alignas(64) typename optimizer_type::template state<Net> state{};
  std::array<shard, Shards> shards{};
  /// Draws the weights, the order of samples, and for the first shard.
  random_source& random = shards[0].random;

  /// Draws initial weights; all else is zero. Throws `std::invalid_argument` unless
  /// 1 <= threads <= Shards; the caller's thread is one of them.
  parallel_trainer(optimizer_type with, std::uint64_t seed, std::size_t threads = Shards)
      : optimizer(with), team_(threads, Shards) {
    for (std::size_t index = 0; index < Shards; ++index) {
      shard& own = shards[index];
      own.random = random_source{seed + (std::uint64_t{index} << 32)};
      visit_tensors<Net>(
          [&](auto, const field&, const auto& slopes) { own.tensors.push_back(slopes.data()); },
          own.gradients);
    }
    initialize(parameters, random);
  }

  std::size_t threads() const { return team_.threads(); }

  /// Where the caller of `step` writes sample `row` of a batch of `rows`. Requires
  /// row < rows <= Batch.
  std::span<T, Net::input.size()> input(std::size_t rows, std::size_t row) {
    for (std::size_t index = 0;; ++index) {
      const auto own = rows_of(index, rows);
      if (row < own.first + own.count)
        return shards[index].workspace.input(own.count)[row - own.first];
    }
  }

  /// As in mote::trainer, but that the samples are in `input(rows, 0)` to `input(rows, rows - 1)`.
  /// `targets` is a span or a view with one element or row per sample. `on_output` is called once,
  /// on the caller's thread.
  template <class Targets, class OnOutput>
  T step(std::size_t rows, Targets targets, OnOutput&& on_output) {
    return step_on(
        rows, [](std::size_t, auto) {}, targets, on_output);
  }

  template <class Targets>
  T step(std::size_t rows, Targets targets) {
    return step(rows, targets, [](auto) {});
  }

  /// The same with samples that each thread fetches for itself: write(row, span) writes sample
  /// `row` of the batch, and is called from several threads at a time. Faster than to write to
  /// `input`, for no thread has to wait for another one's copies or for its cache. What `write`
  /// throws comes out here, and nothing is updated.
  template <class Write, class Targets, class OnOutput>
  T step_on(std::size_t rows, Write&& write, Targets targets, OnOutput&& on_output) {
    constexpr std::size_t size = Net::output.size();
    rows = std::min(rows, Batch);
    team_.run([&](std::size_t index) {
      const auto own = rows_of(index, rows);
      const auto input = shards[index].workspace.input(own.count);
      for (std::size_t row = 0; row < own.count; ++row)
        write(own.first + row, input[row]);
      differentiate(shards[index], own, detail::part_of(targets, own), [&](auto output) {
        std::copy_n(output.data, own.count * size, outputs_.data() + own.first * size);
      });
    });
    on_output(batch_view<const T, size>{outputs_.data(), rows});
    return update(rows);
  }

  template <class Write, class Targets>
  T step_on(std::size_t rows, Write&& write, Targets targets) {
    return step_on(rows, write, targets, [](auto) {});
  }

  /// As in mote::trainer. Each thread copies the samples of its own rows, so `data` has to stand
  /// being read by all of them at once. What it throws comes out here, without the step in which it
  /// did; the steps before stay, and training can go on.
  template <class Data, class BeforeStep>
  evaluation epoch(const Data& data, std::span<std::uint32_t> order,
                   BeforeStep&& before_step) requires labelled_samples<Data, T> {
    random.shuffle(order);
    for (shard& own : shards)
      own.counted = {};
    evaluation result;
    for (std::size_t first = 0; first < order.size(); first += Batch) {
      const std::size_t rows = std::min(Batch, order.size() - first);
      before_step(first);
      team_.run([&](std::size_t index) {
        const auto own = rows_of(index, rows);
        std::array<class_index, shard::most_rows> labels{};
        mote::detail::copy_samples(data, order, first + own.first,
                                   shards[index].workspace.input(own.count), labels);
        const std::span<const class_index> targets{labels.data(), own.count};
        differentiate(shards[index], own, targets,
                      [&](auto output) { shards[index].counted.count(output, targets); });
      });
      result.total_loss += static_cast<double>(update(rows)) * static_cast<double>(rows);
    }
    for (const shard& own : shards) {
      result.samples += own.counted.samples;
      result.correct += own.counted.correct;
    }
    return result;
  }

  template <class Data>
  evaluation epoch(const Data& data,
                   std::span<std::uint32_t> order) requires labelled_samples<Data, T> {
    return epoch(data, order, [](std::size_t) {});
  }

private:
  using range = detail::range;

  /// The part of a batch of `rows` that is a shard's: as equal as can be, the larger ones first.
  static constexpr range rows_of(std::size_t index, std::size_t rows) {
    const std::size_t least = rows / Shards;
    const std::size_t larger = rows % Shards;
    return {index * least + std::min(index, larger), least + (index < larger ? 1 : 0)};
  }

  /// The part of a tensor that a job of the update sees to: whole lines of cache.
  static constexpr range elements_of(std::size_t index, std::size_t size) {
    constexpr std::size_t line = 64 / sizeof(T);
    const std::size_t part = (size + Shards * line - 1) / (Shards * line) * line;
    const std::size_t first = std::min(index * part, size);
    return {first, std::min(part, size - first)};
  }

  /// Leaves loss and gradients of the rows in the shard's workspace.
  template <class Targets, class OnOutput>
  void differentiate(shard& own, range rows, Targets targets, OnOutput&& on_output) {
    if (rows.count == 0)
      return make_zero(own);
    const auto output = train_forward<Isa>(parameters, own.workspace, own.random, rows.count);
    on_output(output);
    const auto slopes = own.workspace.output_gradient(rows.count);
    constexpr bool has_evaluate = requires {
      Loss::evaluate(output, targets, slopes);
    };
    static_assert(mote::detail::require<has_evaluate, Loss, lacks::evaluate_for_these_targets>);
    own.loss = Loss::evaluate(output, targets, slopes);
    backward<Isa>(parameters, own.workspace, own.gradients, rows.count);
  }

  static void make_zero(shard& own) {
    own.loss = T{0};
    visit_tensors<Net>([](auto, const field&, auto& slopes) { slopes.values.fill(T{0}); },
                       own.gradients);
  }

  /// The second half of a step. Returns the mean loss.
  T update(std::size_t rows) {
    std::array<T, Shards> shares{};
    T value{0};
    for (std::size_t index = 0; index < Shards; ++index) {
      shares[index] = static_cast<T>(rows_of(index, rows).count) / static_cast<T>(rows);
      value += shares[index] * shards[index].loss;
    }
    auto& slopes = shards[0].gradients;
    constexpr bool has_update = requires {
      optimizer.update(parameters, slopes, state);
    };
    static_assert(
        mote::detail::require<has_update, optimizer_type, lacks::update_of_these_parameters>);
    constexpr bool by_rule = detail::updates_by_rule<optimizer_type, Net> && Shards > 1;
    if constexpr (by_rule)
      optimizer_type::visit_state(state, [&](auto&... kept) {
        team_.run([&](std::size_t index) { reduce<by_rule>(index, shares, kept...); });
      });
    else if constexpr (Shards > 1)
      team_.run([&](std::size_t index) { reduce<by_rule>(index, shares); });
    if constexpr (!by_rule)
      optimizer.update(parameters, slopes, state);
    update_statistics(parameters, slopes);
    return value;
  }

  /// Takes the weighted mean of all gradients, for the elements of one job: changes the parameters
  /// by the optimizer's rule, or leaves the mean in the first shard, and there in any case what
  /// `update_statistics` wants. Each job has its own elements of all tensors, whatever thread does
  /// it: not even whether a loop takes an element alone or in a register full of them depends on
  /// the number of threads.
  ///
  /// The gradients are weighted, not the slopes of the loss: a layer may add terms that every shard
  /// has in full, as penalized<> does. They are only read, for the next step's writes are faster
  /// when no other processor has written there.
  template <bool ByRule, class... Kept>
  void reduce(std::size_t index, const std::array<T, Shards>& shares, Kept&... kept) {
    std::size_t tensor = 0;
    visit_tensors<Net>(
        [&](auto, const field& description, auto& weights, auto& mean, auto&... memory) {
          std::array<const T*, Shards> slopes{};
          for (std::size_t other = 0; other < Shards; ++other)
            slopes[other] = shards[other].tensors[tensor];
          ++tensor;
          if (description.frozen || description.role == role::constant)
            return;
          const auto all = elements_of(index, weights.size);
          constexpr std::size_t most = 1024; // in the cache of the first level
          for (std::size_t done = 0; done < all.count; done += most) {
            const std::size_t first = all.first + done;
            const std::size_t count = std::min(most, all.count - done);
            std::array<T, most> sum;
            for (std::size_t i = 0; i < count; ++i) {
              T total{0};
              for (std::size_t other = 0; other < Shards; ++other)
                total += shares[other] * slopes[other][first + i];
              sum[i] = total;
            }
            if constexpr (ByRule) {
              if (description.is_trained()) {
                const auto rule = optimizer.rule(description);
                for (std::size_t i = 0; i < count; ++i)
                  rule(weights[first + i], sum[i], memory[first + i]...);
                continue;
              }
            }
            std::copy_n(sum.data(), count, mean.data() + first);
          }
        },
        parameters, shards[0].gradients, kept...);
  }

  std::array<T, Batch * Net::output.size()> outputs_{};
  thread_team team_;
};

} // namespace mote::hosted
