#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>
#include <mote/core/tensor.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/pooled_conv2d.hpp>
#include <mote/kernels/vector/pooled_conv2d.hpp>

#include <cstddef>
#include <cstdint>

namespace mote {

/// A convolution with the activation and the max pool that follow it, in either order: what the
/// pool throws away is never stored, and on the way back never multiplied. Networks as written do
/// not have it; passes put it in, see passes::fuse_max_pools.
///
/// `Convolution` is a conv2d of one group and stride 1, and its parameters are those of this layer.
/// `Activation` never decreases, and its derivative needs no more than its value. The windows of
/// `Pool` lie side by side and are not padded. The results are those of the three, gradients but
/// for rounding.
template <class Convolution, class Activation, class Pool>
struct pooled_conv2d : layer {
  static constexpr const char* name = "pooled_conv2d";
  using expects = typename Convolution::expects;
  using initializer = typename Convolution::initializer;
  static constexpr bool is_frozen = Convolution::is_frozen;
  static constexpr bool backward_reads_input = true;
  static constexpr bool backward_reads_output = true;

  template <shape In, class T>
  using parameters = typename Convolution::template parameters<In, T>;

  static constexpr shape output(const shape& in) { return Pool::output(Convolution::output(in)); }
  /// Without the outputs that no window of the pool holds.
  static constexpr std::size_t macs(const shape& in) {
    const shape before = Convolution::output(in);
    const shape after = Pool::output(before);
    return Convolution::macs(in) / (before.height * before.width) * after.height * after.width *
           Pool::size * Pool::size;
  }

  /// Which output of the convolution is the largest in each window.
  template <shape In, class T, std::size_t Batch>
  struct cache {
    tensor<std::uint8_t, Batch * output(In).size()> chosen;
  };

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    constexpr shape in = Pass::input_shape;
    kernels::pooled_conv2d<typename Pass::isa>::template forward<
        Activation, Convolution::window_on(in), Convolution::filters(in), Pool::size>(
        pass.input.rows, pass.input.data, pass.parameters.weights.data(),
        data_or_null(pass.parameters.bias), pass.output.data);
  }

  template <class Pass>
  static constexpr void train_forward(const Pass& pass) {
    constexpr shape in = Pass::input_shape;
    kernels::pooled_conv2d<typename Pass::isa>::template train_forward<
        Activation, Convolution::window_on(in), Convolution::filters(in), Pool::size>(
        pass.input.rows, pass.input.data, pass.parameters.weights.data(),
        data_or_null(pass.parameters.bias), pass.output.data, pass.cache.chosen.data());
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    constexpr shape in = Pass::input_shape;
    constexpr window on = Convolution::window_on(in);
    constexpr std::size_t filters = Convolution::filters(in);
    using kernel = kernels::pooled_conv2d<typename Pass::isa>;
    kernel::template parameter_gradient<Activation, on, filters, Pool::size>(
        pass.input.rows, pass.input.data, pass.output.data, pass.output_gradient.data,
        pass.cache.chosen.data(), pass.gradients.weights.data(), data_or_null(pass.gradients.bias));
    if constexpr (Pass::wants_input_gradient) {
      kernel::template input_gradient<Activation, on, filters, Pool::size>(
          pass.input.rows, pass.output.data, pass.output_gradient.data, pass.cache.chosen.data(),
          pass.parameters.weights.data(), pass.input_gradient.data);
    }
  }
};

} // namespace mote
