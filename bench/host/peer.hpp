// What the host benchmark asks of a library. Each file beside this one that names a library defines
// `bench::peer bench::make_<library>()`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

inline constexpr std::size_t side = 28;
inline constexpr std::size_t pixels = side * side;
inline constexpr std::size_t classes = 10;

/// Dense layers with relu between them. LeNet is mote::models::lenet: twice a convolution of 5 x 5
/// without padding, relu and max pooling of 2 x 2, then dense layers.
enum class architecture { mlp_784_100_10, mlp_784_256_64_10, lenet };

/// Weights are [outputs][inputs] in a dense layer and [filters][row][column][channel] in a
/// convolution; images are [row][column][channel], also where a dense layer takes one.
struct layer_parameters {
  std::vector<float> weights;
  std::vector<float> bias;
};

struct task {
  architecture network;
  std::size_t batch;
  float learning_rate;
  std::vector<layer_parameters> initial; ///< in forward order
};

/// One step of plain SGD on the mean softmax cross-entropy of a batch: copies the images
/// [batch][pixels] to where the library wants them, then forward, loss, backward, w -= rate g.
/// Returns the loss before the update.
using training_step = std::function<float(const float* images, const std::uint8_t* labels)>;

/// Copies the images [batch][pixels] in and returns the logits [batch][classes].
using inference = std::function<const float*(const float* images)>;

/// A variable of the environment that a library reads when it is loaded, and what may be best.
struct environment_choice {
  std::string variable;
  std::vector<std::string> values;
};

struct peer {
  std::string name;
  std::string version;
  /// Both may return an empty function for a task that the library takes no part in.
  std::function<training_step(const task&)> train;
  std::function<inference(const task&)> infer;
  /// Sets how many threads all that the library does will take; empty when it knows only one.
  std::function<void(int)> use_threads;
  environment_choice choice{};
};

/// Calls f(std::integral_constant) with one of the batch sizes that are measured.
template <class F>
auto with_batch(std::size_t batch, F&& f) {
  switch (batch) {
  case 1:
    return f(std::integral_constant<std::size_t, 1>{});
  case 32:
    return f(std::integral_constant<std::size_t, 32>{});
  default:
    return f(std::integral_constant<std::size_t, 100>{});
  }
}

/// The other orders that libraries want. `rows` x `columns` becomes `columns` x `rows`.
inline std::vector<float> transposed(const std::vector<float>& matrix, std::size_t rows,
                                     std::size_t columns) {
  std::vector<float> result(matrix.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      result[c * rows + r] = matrix[r * columns + c];
    }
  }
  return result;
}

/// Each filter, or each row of a dense layer that takes an image, from [row][column][channel] to
/// [channel][row][column].
inline std::vector<float> channels_first(const std::vector<float>& weights, std::size_t positions,
                                         std::size_t channels) {
  std::vector<float> result;
  const std::size_t size = positions * channels;
  for (std::size_t first = 0; first < weights.size(); first += size) {
    const auto begin = weights.begin() + static_cast<std::ptrdiff_t>(first);
    const auto one =
        transposed({begin, begin + static_cast<std::ptrdiff_t>(size)}, positions, channels);
    result.insert(result.end(), one.begin(), one.end());
  }
  return result;
}

/// All weights of LeNet with channels first.
inline std::vector<layer_parameters> channels_first(std::vector<layer_parameters> lenet) {
  lenet[1].weights = channels_first(lenet[1].weights, 5 * 5, 6);
  lenet[2].weights = channels_first(lenet[2].weights, 4 * 4, 16);
  return lenet;
}

} // namespace bench
