// The draws of np.random.seed(s): what the teaching texts start from, so that what follows can be
// compared to the last digit.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace seeds {

/// NumPy's legacy generator: `np.random.seed(s)` and the functions of np.random, or
/// `np.random.RandomState(s)` and its methods of the same names. Both are the 32-bit Mersenne
/// Twister; the rest is how its words become numbers. An array is drawn element by element, a
/// matrix row by row.
class numpy_random {
public:
  /// np.random.seed(seed).
  explicit numpy_random(std::uint32_t seed) : twister_(seed) {}

  /// The next 32 random bits.
  std::uint32_t word() { return static_cast<std::uint32_t>(twister_()); }

  /// random(), also called rand() and random_sample(): uniform in [0, 1), a multiple of 2^-53 made
  /// of two words.
  double random() {
    const std::uint32_t high = word() >> 5;
    const std::uint32_t low = word() >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }

  /// uniform(low, high): in [low, high).
  double uniform(double low, double high) { return low + (high - low) * random(); }

  /// randn(): normal with mean 0 and deviation 1 (Marsaglia & Bray's polar method, 1964). Each
  /// round of it gives two numbers; the second is kept for the next call.
  double randn() {
    if (has_kept_) {
      has_kept_ = false;
      return kept_;
    }
    for (;;) {
      const double x1 = 2.0 * random() - 1.0;
      const double x2 = 2.0 * random() - 1.0;
      const double square = x1 * x1 + x2 * x2;
      if (square < 1.0 && square != 0.0) {
        const double factor = std::sqrt(-2.0 * std::log(square) / square);
        kept_ = factor * x1;
        has_kept_ = true;
        return factor * x2;
      }
    }
  }

  /// normal(mean, deviation).
  double normal(double mean, double deviation) { return mean + deviation * randn(); }

  /// randint(low, high): an integer in [low, high). Requires low < high.
  std::uint32_t randint(std::uint32_t low, std::uint32_t high) {
    return low + up_to(high - low - 1);
  }

  /// randint(count), and choice(count) with replacement: an integer in [0, count).
  std::uint32_t randint(std::uint32_t count) { return randint(0, count); }

  /// choice(count, size): `size` integers in [0, count), with repetitions.
  std::vector<std::size_t> choice(std::uint32_t count, std::size_t size) {
    std::vector<std::size_t> chosen(size);
    for (std::size_t& index : chosen) {
      index = randint(count);
    }
    return chosen;
  }

  /// shuffle(items). Requires fewer than 2^32 items.
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      const std::uint32_t j = up_to(static_cast<std::uint32_t>(i - 1));
      std::swap(items[i - 1], items[j]);
    }
  }

  /// permutation(count): 0 ... count - 1, shuffled.
  std::vector<std::size_t> permutation(std::size_t count) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(std::span<std::size_t>{order});
    return order;
  }

private:
  /// An integer in [0, largest]: as many bits as the largest has, drawn again while they are more.
  /// Draws nothing when there is no choice.
  std::uint32_t up_to(std::uint32_t largest) {
    std::uint32_t mask = largest;
    for (unsigned shift = 1; shift < 32; shift *= 2) {
      mask |= mask >> shift;
    }
    std::uint32_t value = 0;
    if (largest != 0) {
      do {
        value = word() & mask;
      } while (value > largest);
    }
    return value;
  }

  std::mt19937 twister_;
  double kept_ = 0.0;
  bool has_kept_ = false;
};

} // namespace seeds
