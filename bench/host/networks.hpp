// The networks that are measured, in numbers.
#pragma once

#include "peer.hpp"

#include <mote/core/random.hpp>

#include <cmath>

namespace bench {

/// Weights that are applied at `positions` places of an image; once in a dense layer.
struct layer_size {
  std::size_t inputs;
  std::size_t outputs;
  std::size_t positions = 1;

  double macs() const { return static_cast<double>(inputs * outputs * positions); }
};

struct network_size {
  architecture kind;
  const char* name;
  std::vector<layer_size> layers;

  double forward_operations() const {
    double sum = 0.0;
    for (const auto& layer : layers) {
      sum += 2.0 * layer.macs();
    }
    return sum;
  }
  /// Forward, gradient of the weights, gradient of each layer's input but the first's.
  double training_operations() const {
    return 3.0 * forward_operations() - 2.0 * layers.front().macs();
  }

  std::size_t weight_bytes() const {
    std::size_t sum = 0;
    for (const auto& layer : layers) {
      sum += layer.inputs * layer.outputs * sizeof(float);
    }
    return sum;
  }

  /// He's uniform weights (He et al., "Delving Deep into Rectifiers", 2015) and small biases.
  std::vector<layer_parameters> draw(std::uint64_t seed) const {
    mote::random_source generator{seed};
    std::vector<layer_parameters> result;
    for (const auto& layer : layers) {
      const auto symmetric = [&](float bound) {
        return bound * (2.0f * generator.uniform<float>() - 1.0f);
      };
      result.push_back(
          {std::vector<float>(layer.inputs * layer.outputs), std::vector<float>(layer.outputs)});
      for (float& weight : result.back().weights) {
        weight = symmetric(std::sqrt(6.0f / static_cast<float>(layer.inputs)));
      }
      for (float& bias : result.back().bias) {
        bias = symmetric(0.1f);
      }
    }
    return result;
  }
};

inline const network_size mlp_784_100_10{
    architecture::mlp_784_100_10, "784-100-10", {{784, 100}, {100, 10}}};
inline const network_size mlp_784_256_64_10{
    architecture::mlp_784_256_64_10, "784-256-64-10", {{784, 256}, {256, 64}, {64, 10}}};
inline const network_size lenet{
    architecture::lenet,
    "LeNet",
    {{5 * 5, 6, 24 * 24}, {6 * 5 * 5, 16, 8 * 8}, {256, 120}, {120, 84}, {84, 10}}};

struct workload {
  const network_size& network;
  std::size_t batch;
  bool trains;

  double operations() const {
    return trains ? network.training_operations() : network.forward_operations();
  }
  const char* direction() const { return trains ? "train" : "forward"; }
};

inline const std::vector<workload> workloads{
    {mlp_784_100_10, 1, true},
    {mlp_784_100_10, 32, true},
    {mlp_784_100_10, 100, true},
    {mlp_784_100_10, 1, false},
    {mlp_784_100_10, 100, false},
    {mlp_784_256_64_10, 100, true},
    {mlp_784_256_64_10, 1, false},
    {mlp_784_256_64_10, 100, false},
    {lenet, 32, true},
    {lenet, 100, true},
    {lenet, 1, false},
    {lenet, 100, false},
};

} // namespace bench
