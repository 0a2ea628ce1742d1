// The quantized dense product with constant weights by Arm's vector extension for microcontrollers.
#pragma once

#include <mote/core/policy.hpp>
#include <mote/core/shape.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/dense_int8.hpp>
#include <mote/kernels/helium/conv2d_int8.hpp>

#include <cstddef>
#include <cstdint>

namespace mote::kernels {

namespace helium {

/// A dense layer is a convolution whose window is the whole image, a single point of many channels.
struct constant_dense_int8 {
private:
  template <std::size_t Inputs>
  static constexpr window whole{shape{1, 1, Inputs}, 1, 1, 1, padding::valid};

public:
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr bool fits =
      constant_conv2d_int8::fits<Rounding, whole<Inputs>, Outputs, 1, 1, Constants>;

  /// Of all that is kept instead of the layer's parameters.
  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr std::size_t flash_bytes =
      constant_conv2d_int8::flash_bytes<Rounding, whole<Inputs>, Outputs, 1, 1, Constants>;

  template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
  static constexpr void forward(std::size_t rows, const std::int8_t* x, std::int8_t* y) {
    constant_conv2d_int8::forward<Rounding, whole<Inputs>, Outputs, 1, 1, Constants>(rows, x, y);
  }
};

} // namespace helium

template <>
struct constant_dense_int8<isa::helium, balanced> : helium::constant_dense_int8 {};
template <>
struct constant_dense_int8<isa::helium, fastest> : helium::constant_dense_int8 {};

} // namespace mote::kernels
