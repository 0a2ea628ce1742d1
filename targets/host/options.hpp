// What the subcommands of `mote` share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace mote::program {

/// Into how many shards `train` cuts a batch for more threads than one.
inline constexpr std::size_t most_threads = 4;

struct options {
  std::string model = "mlp-784-100-10";
  std::optional<std::filesystem::path> data; ///< a folder or a CSV file
  std::filesystem::path input;
  std::filesystem::path output;
  std::filesystem::path json;   ///< where to leave the results for other programs; empty: nowhere
  std::filesystem::path logits; ///< evaluate: where to leave the outputs; empty: nowhere
  std::filesystem::path images; ///< evaluate: where to leave the raw test images; empty: nowhere
  std::uint64_t seed = 1;
  std::size_t threads = 1;
  std::size_t epochs = 0; ///< 0: what the model's recipe says
  std::size_t validation = 5'000;
  std::size_t calibration = 1'000;
  std::size_t limit = 0;      ///< use only that many training images; 0: all
  float learning_rate = 0.0f; ///< 0: what the model's recipe says
  bool normalize = false;     ///< train: inputs of mean 0 and deviation 1
  bool augment = false;       ///< train: deform the training images
  double clock = 0.0;         ///< inspect: megahertz to estimate times at; 0: no estimates
  std::string rounding = "twice";
  std::string name = "digits"; ///< export: of the struct
};

} // namespace mote::program
