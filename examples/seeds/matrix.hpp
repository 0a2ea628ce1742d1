// Matrices as the texts write them.
#pragma once

#include <mote/core/tensor.hpp>

#include <cstddef>

namespace seeds {

/// The texts write weights [inputs][outputs], as x.dot(W) wants them; mote keeps [outputs][inputs].
template <std::size_t Rows, std::size_t Columns>
constexpr mote::tensor<double, Columns, Rows>
transposed(const mote::tensor<double, Rows, Columns>& matrix) {
  mote::tensor<double, Columns, Rows> result{};
  for (std::size_t row = 0; row < Rows; ++row) {
    for (std::size_t column = 0; column < Columns; ++column) {
      result[column * Rows + row] = matrix[row * Columns + column];
    }
  }
  return result;
}

} // namespace seeds
