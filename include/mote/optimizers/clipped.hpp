// Limits on the gradient, as wrappers of any optimizer.
#pragma once

#include <mote/core/math.hpp>
#include <mote/core/storage.hpp>

#include <cstddef>

namespace mote {

/// The Euclidean length of all gradients that an optimizer uses, as one vector. Squares are taken
/// of ratios to the largest, so that a gradient that explodes is still measured.
template <class Net, class T>
constexpr T gradient_norm(const gradients<Net, T>& slopes) {
  const auto for_each = [&](auto f) {
    visit_tensors<Net>(
        [&](auto, const field& description, const auto& g) {
          if (description.is_trained()) {
            for (const T slope : g.values) {
              f(slope);
            }
          }
        },
        slopes);
  };
  T largest{0};
  for_each([&](T slope) {
    const T magnitude = math::absolute(slope);
    largest = magnitude <= largest ? largest : magnitude; // NaN stays
  });
  if (!(largest > T{0})) {
    return largest;
  }
  T sum{0};
  for_each([&](T slope) { sum += (slope / largest) * (slope / largest); });
  return largest * math::sqrt(sum);
}

/// An optimizer that first shortens the gradient to `largest_norm` if it is longer, all parameters
/// together (Pascanu, Mikolov & Bengio, "On the Difficulty of Training Recurrent Neural Networks",
/// 2013, algorithm 1): `clipped_by_norm<adam<>>{{.learning_rate = 0.01f}, 1.0f}`. Overwrites the
/// gradients it is given.
template <class Optimizer>
struct clipped_by_norm : Optimizer {
  using value_type = decltype(Optimizer::learning_rate);
  value_type largest_norm = value_type{1};

  template <class Net>
  constexpr void update(parameters<Net, value_type>& weights, gradients<Net, value_type>& slopes,
                        typename Optimizer::template state<Net>& memory) const {
    const value_type norm = gradient_norm(slopes);
    if (norm > largest_norm) {
      const value_type factor = largest_norm / norm;
      visit_tensors<Net>(
          [&](auto, const field& description, auto& g) {
            if (description.is_trained()) {
              for (value_type& slope : g.values) {
                slope *= factor;
              }
            }
          },
          slopes);
    }
    Optimizer::update(weights, slopes, memory);
  }
};

/// An optimizer that first brings each element of the gradient into [-largest_value,
/// largest_value]: `clipped_by_value<sgd<>>{{.learning_rate = 0.1f}, 0.5f}`. Overwrites the
/// gradients it is given.
template <class Optimizer>
struct clipped_by_value : Optimizer {
  using value_type = decltype(Optimizer::learning_rate);
  value_type largest_value = value_type{1};

  template <class Net>
  constexpr void update(parameters<Net, value_type>& weights, gradients<Net, value_type>& slopes,
                        typename Optimizer::template state<Net>& memory) const {
    visit_tensors<Net>(
        [&](auto, const field& description, auto& g) {
          if (description.is_trained()) {
            for (value_type& slope : g.values) {
              slope = slope > largest_value ? largest_value
                                            : (slope < -largest_value ? -largest_value : slope);
            }
          }
        },
        slopes);
    Optimizer::update(weights, slopes, memory);
  }
};

} // namespace mote
