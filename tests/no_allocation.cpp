// Everything below hosted/ works in memory that it is given. Here every way to the heap has a
// counter on it.
#include <mote/mote.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

#if defined(__SANITIZE_ADDRESS__)
#  define UNDER_A_SANITIZER 1
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer)
#    define UNDER_A_SANITIZER 1
#  endif
#endif

// C's functions can be replaced where the C library has other names for its own; a sanitizer has
// replaced them already.
#if defined(__GLIBC__) && !defined(UNDER_A_SANITIZER)
#  define COUNTS_MALLOC 1
#endif

namespace {

std::size_t allocations = 0;
std::size_t releases = 0;

} // namespace

#if defined(COUNTS_MALLOC)

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

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
int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept {
  ++allocations;
  *result = __libc_memalign(alignment, size);
  return *result == nullptr ? 12 : 0;
}
void free(void* old) noexcept {
  ++releases;
  __libc_free(old);
}

} // extern "C"

#endif

namespace {

void* allocate(std::size_t size) noexcept {
  ++allocations;
  return std::malloc(size);
}
void* allocate(std::size_t size, std::align_val_t alignment) noexcept {
  ++allocations;
  const auto unit = static_cast<std::size_t>(alignment);
  return std::aligned_alloc(unit, (size + unit - 1) / unit * unit);
}
void release(void* old) noexcept {
  ++releases;
  std::free(old);
}
void* or_throw(void* result) {
  return result != nullptr ? result : throw std::bad_alloc{};
}

} // namespace

using alignment_t = std::align_val_t;
using nothrow_t = std::nothrow_t;

void* operator new(std::size_t size) {
  return or_throw(allocate(size));
}
void* operator new[](std::size_t size) {
  return or_throw(allocate(size));
}
void* operator new(std::size_t size, const nothrow_t&) noexcept {
  return allocate(size);
}
void* operator new[](std::size_t size, const nothrow_t&) noexcept {
  return allocate(size);
}
void* operator new(std::size_t size, alignment_t unit) {
  return or_throw(allocate(size, unit));
}
void* operator new[](std::size_t size, alignment_t unit) {
  return or_throw(allocate(size, unit));
}
void* operator new(std::size_t size, alignment_t unit, const nothrow_t&) noexcept {
  return allocate(size, unit);
}
void* operator new[](std::size_t size, alignment_t unit, const nothrow_t&) noexcept {
  return allocate(size, unit);
}
void operator delete(void* old) noexcept {
  release(old);
}
void operator delete[](void* old) noexcept {
  release(old);
}
void operator delete(void* old, const nothrow_t&) noexcept {
  release(old);
}
void operator delete[](void* old, const nothrow_t&) noexcept {
  release(old);
}
void operator delete(void* old, std::size_t) noexcept {
  release(old);
}
void operator delete[](void* old, std::size_t) noexcept {
  release(old);
}
void operator delete(void* old, alignment_t) noexcept {
  release(old);
}
void operator delete[](void* old, alignment_t) noexcept {
  release(old);
}
void operator delete(void* old, std::size_t, alignment_t) noexcept {
  release(old);
}
void operator delete[](void* old, std::size_t, alignment_t) noexcept {
  release(old);
}
void operator delete(void* old, alignment_t, const nothrow_t&) noexcept {
  release(old);
}
void operator delete[](void* old, alignment_t, const nothrow_t&) noexcept {
  release(old);
}

namespace {

using namespace mote;

struct heap_use {
  std::size_t allocations;
  std::size_t releases;
};

/// What `work` takes from the heap and gives back.
template <class Work>
heap_use heap_use_of(Work work) {
  const std::size_t allocations_before = allocations;
  const std::size_t releases_before = releases;
  work();
  return {allocations - allocations_before, releases - releases_before};
}

template <class Work>
void check_is_counted(const char* what, Work work) {
  INFO(what);
  const auto use = heap_use_of(work);
  CHECK(use.allocations > 0);
  CHECK(use.releases > 0);
}

template <class Work>
void check_takes_nothing(const char* what, Work work) {
  INFO(what);
  const auto use = heap_use_of(work);
  CHECK(use.allocations == 0);
  CHECK(use.releases == 0);
}

struct ramp {
  std::size_t size() const { return 10; }
  std::uint8_t label(std::size_t i) const { return static_cast<std::uint8_t>(i % 3); }
  void copy_input(std::size_t i, std::span<float> target) const {
    std::iota(target.begin(), target.end(), static_cast<float>(i));
  }
};

// Static, as a firmware would have them.
using net = network<input<3, 3, 1>, flatten, dense<17>, relu, dropout<20>, dense<9>, mote::tanh,
                    dense<5>, sigmoid, dense<3>>;
using int8_net = quantized<net>;

template <class Optimizer, class Isa>
trainer<net, softmax_cross_entropy, Optimizer, 4, float, Isa> teacher{Optimizer{}, 1};

parameters<net> weights;
parameters<inference_network<net>> inference_weights;
parameters<calibration_network<net>> calibration_weights;
parameters<int8_net> int8_weights;
workspace<net, float, 4> memory;
workspace<inference_network<net>, float, 4> inference_memory;
workspace<calibration_network<net>, float, 4> calibration_memory;
workspace<int8_net, std::int8_t, 4> int8_memory;
support::subject<network<input<3>, dense<4>, mote::tanh, dense<2>>, double, 2> checked;

template <class Optimizer, class Isa>
void check_training() {
  INFO(Optimizer::name << ", " << Isa::name);
  auto& subject = teacher<Optimizer, Isa>;
  std::array<std::uint32_t, 10> order{};
  std::iota(order.begin(), order.end(), 0u);
  const std::array<std::uint8_t, 4> labels{0, 1, 2, 0};
  double value = 0.0;
  check_takes_nothing("a step", [&] {
    subject.workspace.input()[3][8] = 1.0f;
    value = static_cast<double>(subject.step(4, std::span<const std::uint8_t>{labels}));
  });
  CHECK(value > 0.0);
  check_takes_nothing("an epoch", [&] { value = subject.epoch(ramp{}, order).loss(); });
  CHECK(value > 0.0);
}

} // namespace

TEST_CASE("the counters count", "[no_allocation]") {
  // The operators are called by name: a compiler may leave out a pair of new and delete.
  const auto unit = alignment_t{64};
  const auto& quiet = std::nothrow;
  check_is_counted("new", [] { operator delete(operator new(8)); });
  check_is_counted("new[]", [] { operator delete[](operator new[](8)); });
  check_is_counted("nothrow", [&] { operator delete(operator new(8, quiet), quiet); });
  check_is_counted("nothrow[]", [&] { operator delete[](operator new[](8, quiet), quiet); });
  check_is_counted("aligned", [&] { operator delete(operator new(8, unit), unit); });
  check_is_counted("aligned[]", [&] { operator delete[](operator new[](8, unit), unit); });
  check_is_counted("aligned, sized", [&] { operator delete(operator new(8, unit), 8, unit); });
  check_is_counted("a vector", [] {
    volatile std::size_t size = 100;
    const std::vector<int> numbers(size);
    CHECK(numbers.size() == 100);
  });
  check_is_counted("a string", [] {
    volatile std::size_t size = 100;
    CHECK(std::string(size, 'x').size() == 100);
  });
#if defined(COUNTS_MALLOC)
  // Through volatile pointers, since a compiler knows these too.
  void* (*volatile const take)(std::size_t) = std::malloc;
  void* (*volatile const take_zeroed)(std::size_t, std::size_t) = std::calloc;
  void* (*volatile const take_again)(void*, std::size_t) = std::realloc;
  void* (*volatile const take_aligned)(std::size_t, std::size_t) = std::aligned_alloc;
  int (*volatile const take_posix)(void**, std::size_t, std::size_t) = posix_memalign;
  check_is_counted("malloc", [&] { std::free(take(8)); });
  check_is_counted("calloc", [&] { std::free(take_zeroed(8, 8)); });
  check_is_counted("realloc", [&] { std::free(take_again(nullptr, 8)); });
  check_is_counted("aligned_alloc", [&] { std::free(take_aligned(64, 64)); });
  check_is_counted("posix_memalign", [&] {
    void* result = nullptr;
    CHECK(take_posix(&result, 64, 64) == 0);
    std::free(result);
  });
#endif
}

TEST_CASE("training takes nothing from the heap", "[no_allocation]") {
  check_training<sgd<>, isa::native>();
  check_training<momentum_sgd<>, isa::generic>();
  check_training<adam<>, isa::native>();
  check_training<adam<>, isa::generic>();
}

TEST_CASE("no layer, loss or optimizer takes anything from the heap", "[no_allocation]") {
  using every =
      network<input<4>, penalized<dense<5>, l1<1, 100>, l2<1, 100>>, prelu, linear,
              frozen<dense<5>>, relu6, dense<5>, leaky_relu<>, dense<5>, hard_sigmoid, dense<5>,
              hard_swish, dense<5>, gelu, softmax, residual<dense<12>, projection<dense<12>>>,
              reshape<2, 2, 3>, concatenate<branch<>, conv2d<1, 1>>, batch_norm, max_pool2d<1>,
              conv2d<3, 2, 1, padding::same>, relu, max_pool2d<2>, avg_pool2d<1>,
              depthwise_conv2d<1>, global_avg_pool, sparse_dense<3>, step, dense<3>>;
  using guarded = masked<clipped_by_value<clipped_by_norm<rmsprop<>>>>;
  static trainer<every, softmax_cross_entropy_smoothed<10>, guarded, 2> first{{}, 1};
  static trainer<every, binary_cross_entropy, adagrad<>, 2> second{{}, 1};
  static trainer<every, sum_squared_error, sgd<>, 2> third{{}, 1};
  static trainer<every, huber<>, sgd<>, 2> fourth{{}, 1};
  static moving_average<every> average;
  const std::array<float, 6> targets{0.0f, 1.0f, 0.0f, 0.5f, 0.5f, 0.0f};
  const batch_view<const float, 3> wanted{targets.data(), 2};
  early_stopping stop;
  float sum = 0.0f;
  check_takes_nothing("a step with each", [&] {
    sum += first.step(2, wanted) + second.step(2, wanted) + third.step(2, wanted) +
           fourth.step(2, wanted) + penalty(first.parameters);
    average.update(first.parameters);
    stop.note(static_cast<double>(sum));
    first.optimizer.learning_rate *=
        schedules::one_cycle{}(0.5f) * schedules::cosine{}(0.5f) * schedules::steps{}(0.5f);
  });
  CHECK(sum > 0.0f);
}

TEST_CASE("recurrent layers take nothing from the heap", "[no_allocation]") {
  using recurrent = network<input<5, 3>, gru<7, states::all>, gru<4>, dense<3>>;
  static trainer<recurrent, softmax_cross_entropy, adam<>, 2> learner{{}, 1};
  static workspace<recurrent> single;
  const std::array<std::uint8_t, 2> labels{0, 2};
  const std::array<float, 3> sample{1.0f, -1.0f, 0.5f};
  std::array<float, 7> state{};
  float sum = 0.0f;
  check_takes_nothing("gru", [&] {
    learner.workspace.input()[1][14] = 1.0f;
    sum += learner.step(2, std::span<const std::uint8_t>{labels});
    sum += forward(learner.parameters, single)[0][0];
    recurrent::layer<0>::step(get<0>(learner.parameters), sample, state);
  });
  CHECK(sum != 0.0f);
  CHECK(state[0] != 0.0f);
}

TEST_CASE("making a trainer takes nothing from the heap", "[no_allocation]") {
  check_takes_nothing("a trainer", [] {
    trainer<net, softmax_cross_entropy, adam<>, 4> local{{}, 1};
    weights = local.parameters;
  });
}

TEST_CASE("checking gradients takes nothing from the heap", "[no_allocation]") {
  static const tensor<double, 2, 3> inputs{1.0, 2.0, 3.0, -1.0, 0.5, 0.0};
  const std::array<std::uint8_t, 2> labels{0, 1};
  support::noise random;
  random.fill(checked.weights);
  gradient_check found;
  check_takes_nothing("check_gradients", [&] {
    found = check_gradients<softmax_cross_entropy>(checked.weights, inputs,
                                                   std::span<const std::uint8_t>{labels},
                                                   checked.memory, checked.slopes);
  });
  CHECK(found.relative_error < 1e-6);
}

TEST_CASE("from drawn weights to int8 outputs nothing is taken from the heap", "[no_allocation]") {
  random_source generator{3};
  check_takes_nothing("initialize", [&] { initialize(weights, generator); });

  evaluation score;
  check_takes_nothing("evaluate",
                      [&] { score = evaluate<softmax_cross_entropy>(weights, ramp{}, memory); });
  CHECK(score.samples == 10);

  check_takes_nothing("forward", [&] {
    to_inference(weights, inference_weights);
    forward(inference_weights, inference_memory, 4, [](std::size_t, auto) {});
  });

  activation_ranges<net> ranges{};
  activation_scales<int8_net> scales{};
  check_takes_nothing("calibrate", [&] {
    to_calibration(weights, calibration_weights);
    for (std::size_t i = 0; i < 4; ++i) {
      ramp{}.copy_input(i, calibration_memory.input()[i]);
    }
    calibrate<net>(calibration_weights, calibration_memory, ranges);
    scales = choose_scales<int8_net>(ranges, asymmetric(ranges[0]));
  });
  CHECK(ranges[0].highest == 11.0f);
  check_takes_nothing("quantize",
                      [&] { quantize<int8_net>(calibration_weights, scales, int8_weights); });

  std::int8_t largest = -128;
  std::uint32_t sum = 0;
  check_takes_nothing("forward in int8", [&] {
    const auto output = forward(int8_weights, int8_memory);
    for (const std::int8_t code : output.elements()) {
      largest = code > largest ? code : largest;
    }
    sum = checksum(int8_weights);
  });
  CHECK(largest > -128);
  CHECK(sum != 0);
}
