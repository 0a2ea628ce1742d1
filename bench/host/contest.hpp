// Several libraries at the same work, by turns.
#pragma once

#include "networks.hpp"

namespace bench {

/// Images of real numbers in [0, 1], [count][pixels], and their labels.
struct samples {
  std::vector<float> images;
  std::vector<std::uint8_t> labels;
};

/// The median of several measurements, and the least and the greatest.
struct spread {
  double median = 0.0;
  double lowest = 0.0;
  double highest = 0.0;
};
spread spread_of(std::vector<double> values);

struct result {
  std::string library;
  spread samples_per_second;
};

struct row {
  workload work;
  int threads;
  double peak;                 ///< operations per second
  double memory_limit;         ///< samples per second that the caches can feed one thread
  std::vector<result> results; ///< of the libraries that can do it
};

struct effort {
  int repetitions = 7;
  double seconds = 0.1; ///< each of them
};

/// Measures a library alone, for a choice among its settings.
double samples_per_second(const peer& library, const workload& work, const samples& data,
                          const effort& effort);

/// Lets each library that can use that many threads do the same work, with the same weights to
/// start from, in turns. Throws std::runtime_error when what a library computes in its first steps
/// is not what the first of the libraries computes, or is no number at the end.
row compare(const std::vector<peer>& libraries, const workload& work, int threads,
            const samples& data, const effort& effort);

} // namespace bench
