#include "contest.hpp"
#include "fma_peak.hpp"
#include "memory_rate.hpp"
#include "stopwatch.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

constexpr int checked_steps = 20;
/// Sums in another order differ by some units of 1e-7, and training makes more of that.
constexpr double tolerance = 1e-4;

/// What the libraries are compared on: the first images of the data, with noise. In a flat
/// background the numbers in a window of max pooling are equal but for rounding, so that each
/// library would send the gradient to another of them.
samples with_noise(const samples& data, std::size_t count) {
  samples result;
  mote::random_source generator{1};
  for (std::size_t i = 0; i < count * pixels; ++i) {
    result.images.push_back(data.images[i % data.images.size()] + generator.uniform<float>());
  }
  for (std::size_t i = 0; i < count; ++i) {
    result.labels.push_back(data.labels[i % data.labels.size()]);
  }
  return result;
}

/// A small rate where a step rests on a single sample.
float rate_for(std::size_t batch) {
  return batch == 1 ? 0.005f : 0.05f;
}

/// One library at one workload, going through the data batch by batch.
class contestant {
public:
  contestant(const peer& library, const workload& work, int threads, const samples& data)
      : name_(library.name), batch_(work.batch), threads_(threads), data_(&data) {
    const task task{work.network.kind, work.batch, rate_for(work.batch), work.network.draw(1)};
    if (work.trains) {
      train_ = library.train(task);
    } else {
      infer_ = library.infer(task);
    }
  }

  const std::string& name() const { return name_; }
  bool takes_part() const { return train_ || infer_; }

  /// What the first steps give: a loss each, or the logits.
  std::vector<float> first_values(const samples& data) {
    const samples* measured_on = std::exchange(data_, &data);
    std::vector<float> values;
    for (int step = 0; step < checked_steps; ++step) {
      if (train_) {
        values.push_back(run());
      } else {
        run();
        values.insert(values.end(), logits_, logits_ + batch_ * classes);
      }
    }
    data_ = measured_on;
    return values;
  }

  /// Finds how many batches take that long, and with that makes the library warm.
  void prepare(double seconds) {
    for (per_turn_ = 1;; per_turn_ *= 2) {
      if (const double taken = turn(); taken > 0.25 * seconds) {
        const double batches = static_cast<double>(per_turn_) * seconds / taken;
        per_turn_ = std::max(1l, static_cast<long>(batches));
        return;
      }
    }
  }

  /// A turn of its own before the one that counts, because another library was at work before:
  /// its threads may still wait for more, and the caches are full of its data.
  void measure() {
    const long all = per_turn_;
    per_turn_ = std::max(1l, all / 4);
    turn();
    per_turn_ = all;
    rates_.push_back(static_cast<double>(all) * static_cast<double>(batch_) / turn());
    if (!std::isfinite(last_)) {
      throw std::runtime_error(name_ + ": the loss or a logit is no number");
    }
  }

  spread rates() const { return spread_of(rates_); }

private:
  float run() {
    if (next_ + batch_ > data_->labels.size()) {
      next_ = 0;
    }
    const float* images = data_->images.data() + next_ * pixels;
    const std::uint8_t* labels = data_->labels.data() + next_;
    next_ += batch_;
    if (train_) {
      return train_(images, labels);
    }
    logits_ = infer_(images);
    return logits_[0];
  }

  double turn() {
    const double start = seconds_now(threads_);
    for (long i = 0; i < per_turn_; ++i) {
      last_ = run();
    }
    return seconds_now(threads_) - start;
  }

  std::string name_;
  std::size_t batch_;
  int threads_;
  const samples* data_;
  training_step train_;
  inference infer_;
  std::size_t next_ = 0;
  const float* logits_ = nullptr;
  float last_ = 0.0f;
  long per_turn_ = 1;
  std::vector<double> rates_;
};

void check_agreement(contestant& one, const samples& data, const std::vector<float>& expected,
                     const std::string& expected_of, const workload& work) {
  const auto values = one.first_values(data);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto wanted = static_cast<double>(expected[i]), found = static_cast<double>(values[i]);
    if (!(std::abs(found - wanted) <= tolerance * std::max(1.0, std::abs(wanted)))) {
      throw std::runtime_error(one.name() + " computes something else than " + expected_of +
                               " in " + work.network.name + ", batch " +
                               std::to_string(work.batch) + ", " + work.direction() +
                               ": expected " + std::to_string(wanted) + ", found " +
                               std::to_string(found) + " as value " + std::to_string(i));
    }
  }
}

} // namespace

spread spread_of(std::vector<double> values) {
  std::ranges::sort(values);
  return {values[values.size() / 2], values.front(), values.back()};
}

double samples_per_second(const peer& library, const workload& work, const samples& data,
                          const effort& effort) {
  contestant one(library, work, 1, data);
  one.prepare(effort.seconds);
  for (int i = 0; i < effort.repetitions; ++i) {
    one.measure();
  }
  return one.rates().median;
}

/// A sample is read from where all of them are, and all weights are read once for a batch forward,
/// then changed if it trains. What lies between the layers is not counted.
double memory_limit_of(const workload& work, const samples& data, double seconds) {
  const std::size_t weights = work.network.weight_bytes();
  double for_batch = static_cast<double>(weights) / read_rate(weights, seconds);
  if (work.trains) {
    for_batch += static_cast<double>(weights) / update_rate(weights, seconds);
  }
  const double for_sample =
      pixels * sizeof(float) / read_rate(data.images.size() * sizeof(float), seconds);
  return 1.0 / (for_sample + for_batch / static_cast<double>(work.batch));
}

row compare(const std::vector<peer>& libraries, const workload& work, int threads,
            const samples& data, const effort& effort) {
  const auto checked = with_noise(data, checked_steps * work.batch);
  const auto expected = contestant(libraries.front(), work, 1, data).first_values(checked);
  std::vector<contestant> all;
  for (const auto& library : libraries) {
    if (threads == 1 || library.use_threads) {
      if (library.use_threads) {
        library.use_threads(threads);
      }
      if (contestant one(library, work, threads, data); one.takes_part()) {
        all.push_back(std::move(one));
      } else {
        continue;
      }
      check_agreement(all.back(), checked, expected, libraries.front().name, work);
      all.back().prepare(effort.seconds);
    }
  }
  std::vector<double> peaks;
  for (int i = 0; i < effort.repetitions; ++i) {
    peaks.push_back(threads * fma_peak(effort.seconds / 4));
    for (auto& one : all) {
      one.measure();
    }
  }
  row result{
      work, threads, spread_of(peaks).median, memory_limit_of(work, data, effort.seconds / 4), {}};
  for (const auto& one : all) {
    result.results.push_back({one.name(), one.rates()});
  }
  return result;
}

} // namespace bench
