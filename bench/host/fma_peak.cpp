#include "fma_peak.hpp"

#include <ctime>

namespace bench {

namespace {

using lanes = float __attribute__((vector_size(__BIGGEST_ALIGNMENT__)));

/// Two ports of four or five cycles need ten sums that do not wait for each other.
constexpr int chains = 12;
constexpr long rounds = 20'000;
constexpr double operations = 2.0 * chains * rounds * (sizeof(lanes) / sizeof(float));

/// Every sum goes to 1, so that none becomes so small that it is slow. Returns about their sum.
[[gnu::noinline]] float multiply_and_add(float first, float factor, float addend) {
  lanes sums[chains];
  for (int i = 0; i < chains; ++i) {
    sums[i] = lanes{} + (first + static_cast<float>(i));
  }
  for (long round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) {
      sums[i] = sums[i] * factor + addend;
    }
  }
  float total = 0.0f;
  for (int i = 0; i < chains; ++i) {
    total += sums[i][0];
  }
  return total;
}

/// Not of the process, whose other threads may be waiting busily.
double seconds_of_thread() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

} // namespace

double fma_peak(double seconds) {
  const double start = seconds_of_thread();
  float last = 0.0f; // each call needs what the one before gave, so that none is left out
  long calls = 0;
  double elapsed = 0.0;
  do {
    last = multiply_and_add(last, 0.999f, 0.001f);
    ++calls;
    elapsed = seconds_of_thread() - start;
  } while (elapsed < seconds);
  return last > 0.0f ? static_cast<double>(calls) * operations / elapsed : 0.0;
}

} // namespace bench
