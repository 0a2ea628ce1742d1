// np.sum, whose order of additions shows in the last digit.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace seeds {

/// np.sum of at most 128 numbers: eight sums side by side, each of every eighth number, which are
/// added in pairs; then what is left over. Fewer than eight numbers are added from left to right.
inline double numpy_sum(std::span<const double> numbers) {
  std::size_t i = 0;
  double total = 0;
  if (numbers.size() >= 8) {
    std::array<double, 8> sums{};
    for (; i + 8 <= numbers.size(); i += 8) {
      for (std::size_t lane = 0; lane < 8; ++lane) {
        sums[lane] += numbers[i + lane];
      }
    }
    total =
        ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  }
  for (; i < numbers.size(); ++i) {
    total += numbers[i];
  }
  return total;
}

} // namespace seeds
