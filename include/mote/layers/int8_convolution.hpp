#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/shape.hpp>
#include <mote/kernels/constant_int8.hpp>
#include <mote/kernels/generic/conv2d_int8.hpp>
#include <mote/kernels/vector/conv2d_int8.hpp>
#include <mote/layers/int8_product.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote {

/// Where no pool follows.
struct no_pool {
  static constexpr std::size_t size = 1;
  static constexpr shape output(const shape& in) { return in; }
};

/// A convolution in int8, exact to CONV_2D and DEPTHWISE_CONV_2D of the TensorFlow Lite
/// specification, `Activation` as a clamp. `Convolution` is the real layer, whose geometry it has.
///
/// `Pool` is a max_pool2d<size> that has been fused into it: each output is the largest of size x
/// size results. Requantization never turns an order around, so it needs to be done once only.
template <class Convolution, class Activation, class Rounding, class Pool = no_pool>
struct int8_convolution
    : int8_product_layer<int8_convolution<Convolution, Activation, Rounding, Pool>, Activation> {
  static constexpr const char* name = Convolution::name;
  using expects = typename Convolution::expects;

  template <shape In, class T>
  using parameters =
      int8_product_parameters<decltype(Convolution::template parameters<In, std::int8_t>::weights),
                              Convolution::filters(In)>;

  /// The same with a max pool behind it; Pool::output(shape) must lose no row and no column.
  template <class Next>
  using with_max_pool = int8_convolution<Convolution, Activation, Rounding, Next>;
  static constexpr bool has_pool = !std::is_same_v<Pool, no_pool>;

  static constexpr shape output(const shape& in) { return Pool::output(Convolution::output(in)); }
  static constexpr std::size_t macs(const shape& in) { return Convolution::macs(in); }

  template <shape In, class Isa, class Policy, class Constants>
  static constexpr std::size_t constant_bytes() {
    using kernel = kernels::constant_conv2d_int8<Isa, Policy>;
    constexpr window on = Convolution::window_on(In);
    constexpr std::size_t filters = Convolution::filters(In);
    constexpr std::size_t groups = Convolution::groups(In);
    if constexpr (kernel::template fits<Rounding, on, filters, groups, Pool::size, Constants>) {
      return kernel::template flash_bytes<Rounding, on, filters, groups, Pool::size, Constants>;
    } else {
      return sizeof(Constants::value);
    }
  }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    constexpr window on = Convolution::window_on(Pass::input_shape);
    constexpr std::size_t filters = Convolution::filters(Pass::input_shape);
    constexpr std::size_t groups = Convolution::groups(Pass::input_shape);
    if constexpr (requires { typename Pass::constants; }) {
      using kernel = kernels::constant_conv2d_int8<typename Pass::isa, typename Pass::policy>;
      using constants = typename Pass::constants;
      if constexpr (kernel::template fits<Rounding, on, filters, groups, Pool::size, constants>) {
        kernel::template forward<Rounding, on, filters, groups, Pool::size, constants>(
            pass.input.rows, pass.input.data, pass.output.data);
        return;
      }
    }
    kernels::conv2d_int8<typename Pass::isa>::template forward<Rounding, on, filters, groups,
                                                               Pool::size>(
        pass.input.rows, pass.input.data, pass.parameters.template view<Pass>(), pass.output.data);
  }
};

} // namespace mote
