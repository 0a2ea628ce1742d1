// The quantized dense product of constant weights, two units to a
// multiplication.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/policy.hpp>
#include <mote/kernels/generic/dense_int8.hpp>
#include <mote/kernels/scalar32/interleaved_product.hpp>
#include <mote/kernels/scalar32/packed_product.hpp>

#include <cstddef>
#include <cstdint>

namespace mote::kernels {

template <>
struct constant_dense_int8<isa::scalar32, fastest> {
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  using packed = scalar32::packed_product<Rounding, Constants, Outputs, 1, Inputs>;

  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr bool fits = packed<Rounding, Inputs, Outputs, Constants>::fits;

  /// Of all constants that are kept in place of the layer's parameters.
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr std::size_t flash_bytes =
      packed<Rounding, Inputs, Outputs, Constants>::flash_bytes;

  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr void forward(std::size_t rows, const std::int8_t* x, std::int8_t* y) {
    for (std::size_t row = 0; row < rows; ++row) {
      packed<Rounding, Inputs, Outputs, Constants>::for_all(
          y, [x]<std::size_t Count>(const std::uint32_t*& w, std::int32_t(&sums)[1][Count])
                 __attribute__((always_inline)) {
                   const scalar32::lane_sums<packed<Rounding, Inputs, Outputs, Constants>,
                                             (Count + 1) / 2, Inputs>
                       all(x, w);
                   unrolled<Count>([&](auto i) { sums[0][i] = all.template sum<i>(); });
                 });
      x += Inputs;
      y += Outputs;
    }
  }
};

template <>
struct constant_dense_int8<isa::scalar32, balanced> {
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  using interleaved = scalar32::interleaved_product<Rounding, Constants, Outputs, Inputs>;

  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr bool fits = interleaved<Rounding, Inputs, Outputs, Constants>::fits;

  /// Of all constants that are kept in place of the layer's parameters.
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr std::size_t flash_bytes =
      interleaved<Rounding, Inputs, Outputs, Constants>::flash_bytes;

  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr void forward(std::size_t rows, const std::int8_t* x, std::int8_t* y) {
    for (std::size_t row = 0; row < rows; ++row) {
      interleaved<Rounding, Inputs, Outputs, Constants>::forward(x, y);
      x += Inputs;
      y += Outputs;
    }
  }
};

} // namespace mote::kernels
