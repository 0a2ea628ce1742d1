#include "memory_rate.hpp"
#include "stopwatch.hpp"

#include <vector>

namespace bench {

namespace {

using lanes = float __attribute__((vector_size(__BIGGEST_ALIGNMENT__)));

/// Sums that do not wait for each other.
constexpr std::size_t chains = 8;

[[gnu::noinline]] float read_all(const std::vector<lanes>& array) {
  lanes sums[chains]{};
  for (std::size_t i = 0; i < array.size(); i += chains) {
#pragma GCC unroll 8
    for (std::size_t c = 0; c < chains; ++c) {
      sums[c] += array[i + c];
    }
  }
  float total = 0.0f;
  for (const lanes& sum : sums) {
    total += sum[0];
  }
  return total;
}

[[gnu::noinline]] float update_all(std::vector<lanes>& array) {
  for (lanes& element : array) {
    element += 1.0f;
  }
  return array[0][0];
}

template <class Pass>
double rate(std::size_t bytes, double seconds, Pass&& pass) {
  const std::size_t step = chains * sizeof(lanes);
  std::vector<lanes> array((bytes + step - 1) / step * chains);
  volatile float result = pass(array); // else nothing would need the passes
  const long between = static_cast<long>((std::size_t{1} << 24) / bytes + 1); // looks at the clock
  const double start = seconds_now(1);
  long passes = 0;
  double elapsed = 0.0;
  do {
    for (long i = 0; i < between; ++i) {
      result = pass(array);
    }
    passes += between;
    elapsed = seconds_now(1) - start;
  } while (elapsed < seconds);
  static_cast<void>(result);
  return static_cast<double>(passes) * static_cast<double>(array.size() * sizeof(lanes)) / elapsed;
}

} // namespace

double read_rate(std::size_t bytes, double seconds) {
  return rate(bytes, seconds, [](const auto& array) { return read_all(array); });
}

double update_rate(std::size_t bytes, double seconds) {
  return rate(bytes, seconds, [](auto& array) { return update_all(array); });
}

} // namespace bench
