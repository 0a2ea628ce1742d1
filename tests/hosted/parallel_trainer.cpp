#include <mote/hosted/parallel_trainer.hpp>
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <stdexcept>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#  define UNDER_A_SANITIZER 1
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#    define UNDER_A_SANITIZER 1
#  endif
#endif

// See no_allocation.cpp. All operators new end in one of these.
#if defined(__GLIBC__) && !defined(UNDER_A_SANITIZER)
#  define COUNTS_MALLOC 1

namespace {

std::atomic<std::size_t> allocations = 0;

} // namespace

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) noexcept {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) noexcept {
  ++allocations;
  return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  ++allocations;
  return __libc_memalign(alignment, size);
}

} // extern "C"

#endif

namespace {

using namespace mote;
using hosted::parallel_trainer;

constexpr std::size_t batch = 10;

/// Samples of any size, in two classes; the one numbered `broken` cannot be read.
template <std::size_t Size>
struct noisy_samples {
  std::vector<std::array<double, Size>> x;
  std::size_t broken = static_cast<std::size_t>(-1);

  explicit noisy_samples(std::size_t count) : x(count) {
    support::noise random;
    for (auto& sample : x)
      random.fill(std::span<double>{sample});
  }
  std::size_t size() const { return x.size(); }
  std::uint8_t label(std::size_t i) const { return x[i][0] > x[i][1] ? 1 : 0; }
  template <class T>
  void copy_input(std::size_t i, std::span<T> target) const {
    if (i == broken)
      throw std::runtime_error("a broken sample");
    std::transform(x[i].begin(), x[i].end(), target.begin(),
                   [](double value) { return static_cast<T>(value); });
  }
};

/// What is left after some epochs whose last batch is short.
struct outcome {
  std::size_t correct = 0;
  double loss = 0.0;
  std::vector<double> weights;

  bool operator==(const outcome&) const = default;
};

template <class Trainer>
outcome trained(Trainer& teacher, std::size_t samples) {
  using net = typename Trainer::network;
  const noisy_samples<net::input.size()> data(samples);
  std::vector<std::uint32_t> order(samples);
  std::iota(order.begin(), order.end(), 0u);
  outcome result;
  for (int epoch = 0; epoch < 3; ++epoch) {
    const evaluation seen = teacher.epoch(data, order);
    CHECK(seen.samples == samples);
    result.correct += seen.correct;
    result.loss += seen.loss();
  }
  visit_tensors<net>(
      [&](auto, const field&, const auto& tensor) {
        result.weights.insert(result.weights.end(), tensor.values.begin(), tensor.values.end());
      },
      teacher.parameters);
  return result;
}

template <class Net, class Optimizer, std::size_t Shards, class T>
outcome in_parallel(const Optimizer& optimizer, std::size_t samples, std::size_t threads) {
  using trainer_type = parallel_trainer<Net, softmax_cross_entropy, Optimizer, batch, Shards, T>;
  const auto teacher = std::make_unique<trainer_type>(optimizer, 7, threads);
  return trained(*teacher, samples);
}

template <class Net, class Optimizer, class T>
outcome alone(const Optimizer& optimizer, std::size_t samples) {
  using trainer_type = trainer<Net, softmax_cross_entropy, Optimizer, batch, T>;
  const auto teacher = std::make_unique<trainer_type>(optimizer, 7);
  return trained(*teacher, samples);
}

void check_close(const outcome& a, const outcome& b) {
  CHECK(a.correct == b.correct);
  CHECK(support::close(a.loss, b.loss, 1e-12));
  REQUIRE(a.weights.size() == b.weights.size());
  for (std::size_t i = 0; i < a.weights.size(); ++i)
    CHECK(support::close(a.weights[i], b.weights[i], 1e-12));
}

using everything =
    network<input<6, 5, 1>, conv2d<3, 3>, batch_norm, relu, flatten, dense<37>, mote::tanh,
            dropout<20>, penalized<dense<9>, l1<1, 100>>, relu, dropout<40>, dense<2>>;
using nothing_random = network<input<6, 5, 1>, conv2d<3, 3>, relu, flatten, frozen<dense<7>>, relu,
                               penalized<dense<37>, l1<1, 100>, l2<1, 50>>, mote::tanh, dense<2>>;
using pools = network<input<9, 8, 1>, conv2d<3, 3>, relu, max_pool2d<2>, dropout<20>, conv2d<5, 2>,
                      max_pool2d<2>, relu, flatten, dense<7>, relu, dense<2>>;
using small = network<input<3>, dense<4>, relu, dense<2>>;

template <class Net, class Optimizer>
void check_number_of_threads(const Optimizer& optimizer, std::size_t samples) {
  const auto one = in_parallel<Net, Optimizer, 4, float>(optimizer, samples, 1);
  CHECK(one == in_parallel<Net, Optimizer, 4, float>(optimizer, samples, 2));
  CHECK(one == in_parallel<Net, Optimizer, 4, float>(optimizer, samples, 3));
  CHECK(one == in_parallel<Net, Optimizer, 4, float>(optimizer, samples, 4));
}

} // namespace

TEST_CASE("parallel_trainer: the number of threads does not change a bit",
          "[hosted][parallel_trainer]") {
  // The last batch of 43 samples is shorter than the number of shards.
  check_number_of_threads<everything>(momentum_sgd<float>{0.05f, 0.9f, 0.01f}, 43);
  check_number_of_threads<everything>(adam<float>{0.01f}, 38);
  check_number_of_threads<pools>(momentum_sgd<float>{0.05f, 0.9f, 0.01f}, 43);
}

TEST_CASE("parallel_trainer: with one shard it is mote::trainer, bit for bit",
          "[hosted][parallel_trainer]") {
  const momentum_sgd<float> optimizer{0.05f, 0.9f, 0.01f};
  CHECK(in_parallel<everything, momentum_sgd<float>, 1, float>(optimizer, 38, 1) ==
        alone<everything, momentum_sgd<float>, float>(optimizer, 38));
  CHECK(in_parallel<pools, momentum_sgd<float>, 1, float>(optimizer, 38, 1) ==
        alone<pools, momentum_sgd<float>, float>(optimizer, 38));
}

TEST_CASE("parallel_trainer: without chance it is mote::trainer but for rounding",
          "[hosted][parallel_trainer]") {
  const auto check = []<class Optimizer>(const Optimizer& optimizer) {
    const auto expected = alone<nothing_random, Optimizer, double>(optimizer, 42);
    check_close(expected, in_parallel<nothing_random, Optimizer, 2, double>(optimizer, 42, 2));
    check_close(expected, in_parallel<nothing_random, Optimizer, 3, double>(optimizer, 42, 2));
  };
  check(momentum_sgd<double>{0.05, 0.9, 0.01});
  // A wrapper inherits the rule of what it wraps, which is not all it does.
  using clipped = clipped_by_norm<sgd<double>>;
  static_assert(hosted::detail::updates_by_rule<sgd<double>, small>);
  static_assert(!hosted::detail::updates_by_rule<clipped, small>);
  check(clipped{{.learning_rate = 0.1}, 0.3});
}

TEST_CASE("parallel_trainer: fused_update<> stands for its optimizer",
          "[hosted][parallel_trainer]") {
  const momentum_sgd<float> optimizer{0.05f, 0.9f, 0.01f};
  using teacher =
      parallel_trainer<small, softmax_cross_entropy, fused_update<momentum_sgd<float>>, batch>;
  teacher fused({optimizer}, 7);
  CHECK(trained(fused, 12) == in_parallel<small, momentum_sgd<float>, 2, float>(optimizer, 12, 2));
}

TEST_CASE("parallel_trainer: a step takes inputs row by row and shows all outputs",
          "[hosted][parallel_trainer]") {
  // y = W x + b with W = (1, 10), b = 0. Targets are 0: the slope of the mean of y^2 is 2 y / rows.
  using net = network<input<2>, dense<1>>;
  parallel_trainer<net, mean_squared_error, sgd<double>, 8, 3, double> teacher({0.5}, 1);
  for (const std::size_t rows : {8u, 7u, 3u, 2u, 1u}) {
    INFO(rows);
    get<0>(teacher.parameters) = {{{1.0, 10.0}}, {{0.0}}};
    double loss = 0.0, weight_slope = 0.0, bias_slope = 0.0;
    std::vector<double> expected;
    for (std::size_t row = 0; row < rows; ++row) {
      const auto x = teacher.input(rows, row);
      x[0] = static_cast<double>(row);
      x[1] = 1.0;
      expected.push_back(x[0] + 10.0);
      const double share = expected.back() / static_cast<double>(rows);
      loss += share * expected.back();
      weight_slope += 2.0 * share * x[0];
      bias_slope += 2.0 * share;
    }
    const std::vector<double> targets(rows);
    std::vector<double> seen;
    const double found =
        teacher.step(rows, batch_view<const double, 1>{targets.data(), rows}, [&](auto output) {
          seen.assign(output.elements().begin(), output.elements().end());
        });
    CHECK(seen == expected);
    CHECK(support::close(found, loss, 1e-11));
    CHECK(support::close(get<0>(teacher.parameters).weights[0], 1.0 - 0.5 * weight_slope, 1e-11));
    CHECK(support::close(get<0>(teacher.parameters).bias[0], -0.5 * bias_slope, 1e-11));
  }
}

TEST_CASE("parallel_trainer: threads fetch their samples themselves",
          "[hosted][parallel_trainer]") {
  parallel_trainer<small, softmax_cross_entropy, sgd<>, batch, 3> teacher({}, 1, 3);
  parallel_trainer<small, softmax_cross_entropy, sgd<>, batch, 3> expected({}, 1, 1);
  noisy_samples<3> data(batch);
  std::array<std::uint8_t, batch> labels{};
  for (const std::size_t rows : {batch, std::size_t{5}, std::size_t{2}}) {
    INFO(rows);
    for (std::size_t row = 0; row < rows; ++row)
      data.copy_input(row, std::span<float>{expected.input(rows, row)});
    const std::span<const std::uint8_t> targets{labels.data(), rows};
    std::array<std::atomic<int>, batch> written{};
    const auto write = [&](std::size_t row, std::span<float> input) {
      data.copy_input(row, input);
      ++written[row];
    };
    CHECK(teacher.step_on(rows, write, targets) == expected.step(rows, targets));
    for (std::size_t row = 0; row < batch; ++row)
      CHECK(written[row] == (row < rows ? 1 : 0));
  }
  CHECK(support::same_parameters<small>(teacher.parameters, expected.parameters));

  data.broken = 1;
  const auto write = [&](std::size_t row, std::span<float> input) { data.copy_input(row, input); };
  const std::span<const std::uint8_t> targets{labels};
  CHECK_THROWS_WITH(teacher.step_on(batch, write, targets), "a broken sample");
  CHECK(support::same_parameters<small>(teacher.parameters, expected.parameters));
}

TEST_CASE("parallel_trainer: statistics are averaged over the shards",
          "[hosted][parallel_trainer]") {
  // Shards of 3 and 2 rows: means 2 and 5, unbiased variances 1 and 2. A tenth of the way from 0
  // and 1 to (3 * 2 + 2 * 5) / 5 = 3.2 and (3 * 1 + 2 * 2) / 5 = 1.4.
  using net = network<input<1>, batch_norm, dense<1>>;
  parallel_trainer<net, mean_squared_error, adam<double>, 6, 2, double> teacher({}, 1);
  const std::array<double, 5> x{1.0, 2.0, 3.0, 4.0, 6.0}, targets{};
  for (std::size_t row = 0; row < x.size(); ++row)
    teacher.input(x.size(), row)[0] = x[row];
  teacher.step(x.size(), batch_view<const double, 1>{targets.data(), x.size()});
  CHECK(support::close(get<0>(teacher.parameters).mean[0], 0.32, 1e-15));
  CHECK(support::close(get<0>(teacher.parameters).variance[0], 1.04, 1e-15));
}

TEST_CASE("parallel_trainer: a sample that cannot be read stops the epoch before its step",
          "[hosted][parallel_trainer]") {
  for (std::size_t threads = 1; threads <= 2; ++threads) {
    parallel_trainer<small, softmax_cross_entropy, sgd<>, batch> teacher({}, 7, threads);
    parallel_trainer<small, softmax_cross_entropy, sgd<>, batch> expected({}, 7, threads);
    noisy_samples<3> data(30);
    std::vector<std::uint32_t> order(30);
    std::iota(order.begin(), order.end(), 0u);
    auto shuffled = order;
    random_source{expected.random}.shuffle(std::span{shuffled});
    data.broken = shuffled[19]; // the last row of the second batch, the second shard's
    CHECK_THROWS_WITH(teacher.epoch(data, order), "a broken sample");
    CHECK(order == shuffled);

    expected.random.shuffle(std::span{shuffled}); // as many numbers drawn
    for (std::size_t row = 0; row < batch; ++row)
      data.copy_input(order[row], std::span<float>{expected.input(batch, row)});
    std::array<std::uint8_t, batch> labels{};
    std::transform(order.begin(), order.begin() + batch, labels.begin(),
                   [&](std::uint32_t i) { return data.label(i); });
    expected.step(batch, std::span<const std::uint8_t>{labels});
    CHECK(support::same_parameters<small>(teacher.parameters, expected.parameters));

    data.broken = static_cast<std::size_t>(-1);
    CHECK(teacher.epoch(data, order).samples == 30);
  }
}

TEST_CASE("parallel_trainer: the number of threads is checked", "[hosted][parallel_trainer]") {
  using teacher = parallel_trainer<small, softmax_cross_entropy, sgd<>, batch, 3>;
  CHECK_THROWS_WITH(teacher({}, 1, 4), "threads: expected 1 to 3, found 4");
  CHECK(teacher({}, 1).threads() == 3);
}

TEST_CASE("parallel_trainer: each shard draws numbers of its own", "[hosted][parallel_trainer]") {
  parallel_trainer<small, softmax_cross_entropy, sgd<>, batch, 3> one({}, 1), other({}, 2);
  std::array<std::uint32_t, 6> drawn{};
  for (std::size_t index = 0; index < 3; ++index) {
    drawn[index] = one.shards[index].random.bits();
    drawn[3 + index] = other.shards[index].random.bits();
  }
  std::sort(drawn.begin(), drawn.end());
  CHECK(std::adjacent_find(drawn.begin(), drawn.end()) == drawn.end());
}

#if defined(COUNTS_MALLOC)
TEST_CASE("parallel_trainer: nothing is taken from the heap once it is made",
          "[hosted][parallel_trainer]") {
  const noisy_samples<3> data(38);
  std::vector<std::uint32_t> order(38);
  std::iota(order.begin(), order.end(), 0u);
  const std::array<std::uint8_t, batch> labels{};
  const auto before_all = allocations.load();
  parallel_trainer<small, softmax_cross_entropy, momentum_sgd<>, batch, 4> teacher({}, 1, 3);
  const auto before = allocations.load();
  CHECK(before > before_all); // the counter counts
  const auto counted = allocations.load();
  double loss = 0.0;
  for (int epoch = 0; epoch < 20; ++epoch)
    loss += teacher.epoch(data, order).loss();
  for (std::size_t row = 0; row < batch; ++row)
    teacher.input(batch, row)[0] = 1.0f;
  loss += static_cast<double>(teacher.step(batch, std::span<const std::uint8_t>{labels}));
  const auto after = allocations.load();
  CHECK(after == counted);
  CHECK(loss > 0.0);
}
#endif
