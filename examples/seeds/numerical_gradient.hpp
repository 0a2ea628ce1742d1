// Numerical differentiation as text 003 writes it.
#pragma once

#include <mote/core/storage.hpp>

#include <cstddef>

namespace seeds {

/// (f(x + h) - f(x - h)) / 2h for a function of one number.
template <class F>
double numerical_derivative(F&& f, double x) {
  const double h = 1e-4;
  return (f(x + h) - f(x - h)) / (2 * h);
}

/// The same by each of a network's parameters in turn. `loss()` is to evaluate the network with
/// `weights` as they are at that moment.
template <class Net, class Loss>
void numerical_gradient(mote::parameters<Net, double>& weights, Loss&& loss,
                        mote::gradients<Net, double>& slopes) {
  mote::visit_tensors<Net>(
      [&](auto, const mote::field&, auto& tensor, auto& slope) {
        for (std::size_t i = 0; i < tensor.size; ++i) {
          const double original = tensor[i];
          slope[i] = numerical_derivative(
              [&](double moved) {
                tensor[i] = moved;
                return loss();
              },
              original);
          tensor[i] = original;
        }
      },
      weights, slopes);
}

} // namespace seeds
