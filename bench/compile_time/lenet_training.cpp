// LeNet with its trainer: what a program that trains it compiles.
#include "lenet_trainer.hpp"

float step(trainer& all, std::span<const std::uint8_t> labels) {
  return all.step(32, labels);
}
