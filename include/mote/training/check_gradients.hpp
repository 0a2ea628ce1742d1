// Compares the gradients that backward computes with central differences of the loss.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/math.hpp>
#include <mote/core/run.hpp>
#include <mote/core/storage.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace mote {

/// The worst disagreement found.
struct gradient_check {
  double relative_error = 0.0; ///< |analytic - numeric| / max(|analytic|, |numeric|, floor)
  std::size_t layer = 0;       ///< where; the number of layers stands for the network's input
  const char* tensor = "";
  std::size_t element = 0;
  double analytic = 0.0;
  double numeric = 0.0;
  std::size_t compared = 0; ///< how many derivatives were compared

  constexpr void note(std::size_t at_layer, const char* name, std::size_t index, double a, double n,
                      double floor) {
    const double scale = std::max({math::absolute(a), math::absolute(n), floor});
    const double error = math::absolute(a - n) / scale;
    ++compared;
    if (error > relative_error || error != error) {
      relative_error = error;
      layer = at_layer;
      tensor = name;
      element = index;
      analytic = a;
      numeric = n;
    }
  }
};

struct gradient_check_settings {
  /// Half the distance of the two points of a central difference. Its error falls with the square
  /// of the step while rounding grows as 1 / step: near the cube root of epsilon they balance.
  double step = 1e-5;
  /// Derivatives below this are compared absolutely, since rounding drowns their relative error.
  double floor = 1e-3;
  /// Seeds what the layers draw (dropout); the same numbers are drawn for every evaluation.
  std::uint64_t seed = 1;
  /// At most this many elements of each tensor are compared, evenly spread.
  std::size_t elements_per_tensor = 200;
};

/// Checks every parameter tensor and the input of `Net` in double, on the batch that `inputs` and
/// `targets` hold. The point must be away from kinks (a relu input nearer to 0 than `step`).
/// `memory` and `slopes` are work space. Works on networks that contain layers of your own.
template <class Loss, class Isa = isa::generic, class Net, std::size_t Batch, class Targets>
constexpr gradient_check
check_gradients(parameters<Net, double>& weights,
                const tensor<double, Batch, Net::input.size()>& inputs, Targets targets,
                workspace<Net, double, Batch, training_with_input_gradient>& memory,
                gradients<Net, double>& slopes, gradient_check_settings settings = {}) {
  auto point = inputs;
  const auto loss_at_point = [&] {
    random_source generator{settings.seed};
    std::copy_n(point.data(), point.size, memory.input().data);
    return Loss::evaluate(train_forward<Isa>(weights, memory, generator), targets);
  };
  gradient_check result;
  const auto compare = [&](std::size_t layer, const char* name, auto& tensor,
                           const auto& analytic) {
    const std::size_t most = std::max<std::size_t>(1, settings.elements_per_tensor);
    const std::size_t stride = (tensor.size + most - 1) / most;
    for (std::size_t i = 0; i < tensor.size; i += stride) {
      const double original = tensor[i];
      tensor[i] = original + settings.step;
      const double above = loss_at_point();
      tensor[i] = original - settings.step;
      const double below = loss_at_point();
      tensor[i] = original;
      result.note(layer, name, i, analytic[i], (above - below) / (2.0 * settings.step),
                  settings.floor);
    }
  };

  random_source generator{settings.seed};
  std::copy_n(point.data(), point.size, memory.input().data);
  const auto output = train_forward<Isa>(weights, memory, generator);
  Loss::evaluate(output, targets, memory.output_gradient());
  backward<Isa>(weights, memory, slopes);
  auto input_slopes = inputs;
  std::copy_n(memory.input_gradient().data, input_slopes.size, input_slopes.data());

  compare(Net::size, "input", point, input_slopes);
  visit_tensors<Net>(
      [&](std::size_t layer, const field& description, auto& tensor, const auto& slope) {
        if (description.is_trained()) {
          compare(layer, description.name, tensor, slope);
        }
      },
      weights, slopes);
  return result;
}

} // namespace mote
