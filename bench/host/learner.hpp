// What the race to an accuracy asks of a library.
#pragma once

#include "peer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// Plain SGD, whose rate falls linearly to 0 over all steps.
struct recipe {
  architecture network;
  std::size_t epochs;
  float rate;
};
inline constexpr std::size_t recipe_batch = 32;

/// Pixels from 0 to 1, [count][pixels].
struct labelled_images {
  std::vector<float> images;
  std::vector<std::uint8_t> labels;

  std::size_t size() const { return labels.size(); }
};

/// One training from nothing: draws weights, shuffles anew in each epoch, and drops no sample.
struct learner {
  std::string name;
  /// Returns the share of `test` that is classified right after training on `train`, and sets the
  /// seconds of this process's time that it took, shuffling and copying of batches included, but
  /// not the making of the objects nor the test. Returns -1 when it takes no part in that network.
  std::function<double(const recipe&, std::uint64_t seed, const labelled_images& train,
                       const labelled_images& test, double& seconds)>
      run;
};

learner make_mote_learner();
learner make_mote_sparse_learner();
learner make_libtorch_learner();

} // namespace bench
