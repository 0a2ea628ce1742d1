#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/conv2d.hpp>
#include <mote/kernels/vector/conv2d.hpp>
#include <mote/layers/initializers.hpp>
#include <mote/layers/int8_convolution.hpp>
#include <mote/layers/pooled_conv2d.hpp>

#include <cstddef>
#include <type_traits>

namespace mote {

namespace detail {

/// The part that all convolutions share, of images and of sequences (whose windows have height 1).
/// `Self` defines `filters(in)`, `groups(in)` and `with_bias`.
template <class Self, std::size_t KernelHeight, std::size_t KernelWidth, std::size_t Stride,
          padding Padding, class Initializer, bias Bias>
struct convolution : layer {
  static_assert(KernelHeight > 0 && KernelWidth > 0 && Stride > 0,
                "mote: a convolution's kernel and stride must be positive");
  using initializer = Initializer;
  static constexpr bool backward_reads_input = true;
  static constexpr bool fuses_activation = true;

  template <class Rounding, class Activation = identity>
  using quantized = int8_convolution<Self, Activation, Rounding>;

  template <shape In, class T>
  struct parameters {
    static constexpr std::size_t filters = Self::filters(In);
    static constexpr std::size_t channels = In.channels / Self::groups(In);
    static constexpr std::size_t fan_in = KernelHeight * KernelWidth * channels;
    static constexpr std::size_t fan_out = KernelHeight * KernelWidth * filters / Self::groups(In);

    std::conditional_t<In.rank == 2, tensor<T, filters, KernelWidth, channels>,
                       tensor<T, filters, KernelHeight, KernelWidth, channels>>
        weights;
    /// With an initializer, so that one without a bias can leave it out without a warning.
    [[no_unique_address]] std::conditional_t<Bias == mote::bias::learned, tensor<T, filters>, none>
        bias{};

    template <class F, class... Parameters>
    static constexpr void visit(F&& f, Parameters&... p) {
      f(field{"weights", role::weight, fan_in, fan_out}, p.weights...);
      if constexpr (Bias == mote::bias::learned) {
        f(field{"bias", role::bias, fan_in, fan_out}, p.bias...);
      }
    }
  };

  static constexpr window window_on(const shape& in) {
    return {in, KernelHeight, KernelWidth, Stride, Padding};
  }

  static constexpr shape output(const shape& in) {
    const window on = window_on(in);
    const std::size_t filters = Self::filters(in);
    return in.rank == 2 ? shape{on.output_width, filters}
                        : shape{on.output_height, on.output_width, filters};
  }
  static constexpr std::size_t macs(const shape& in) {
    return window_on(in).positions() * Self::filters(in) * KernelHeight * KernelWidth *
           in.channels / Self::groups(in);
  }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    constexpr shape in = Pass::input_shape;
    using kernel = kernels::conv2d<typename Pass::isa>;
    kernel::template forward<typename Pass::activation, window_on(in), Self::filters(in),
                             Self::groups(in)>(
        pass.input.rows, pass.input.data, pass.parameters.weights.data(),
        data_or_null(pass.parameters.bias), pass.output.data);
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    constexpr shape in = Pass::input_shape;
    using kernel = kernels::conv2d<typename Pass::isa>;
    kernel::template parameter_gradient<window_on(in), Self::filters(in), Self::groups(in)>(
        pass.input.rows, pass.input.data, pass.output_gradient.data, pass.gradients.weights.data(),
        data_or_null(pass.gradients.bias));
    if constexpr (Pass::wants_input_gradient) {
      kernel::template input_gradient<window_on(in), Self::filters(in), Self::groups(in)>(
          pass.input.rows, pass.output_gradient.data, pass.parameters.weights.data(),
          pass.input_gradient.data);
    }
  }
};

} // namespace detail

/// Two-dimensional convolution: takes an image, gives an image of `Filters` channels.
/// y[r][c][f] = b[f] + sum over i, j, k of W[f][i][j][k] x[r stride + i - top][c stride + j -
/// left][k], W [Filters][Kernel][Kernel][channels / Groups] (Goodfellow et al., "Deep Learning",
/// 2016, equation 9.8, with stride). `Groups` splits channels and filters into parts that do not
/// mix.
template <std::size_t Filters, std::size_t Kernel, std::size_t Stride = 1,
          padding Padding = padding::valid, std::size_t Groups = 1,
          class Initializer = initializers::automatic, bias Bias = bias::learned>
struct conv2d
    : detail::convolution<conv2d<Filters, Kernel, Stride, Padding, Groups, Initializer, Bias>,
                          Kernel, Kernel, Stride, Padding, Initializer, Bias> {
  static_assert(Filters > 0 && Groups > 0 && Filters % Groups == 0,
                "mote::conv2d: the number of filters must be a positive multiple of the groups");
  static constexpr const char* name = "conv2d";
  using expects = std::conditional_t<
      Groups == 1, detail::window_needs<Kernel, Padding>,
      needs::channels_in_groups_of<Groups, detail::window_needs<Kernel, Padding>>>;
  using with_bias = conv2d<Filters, Kernel, Stride, Padding, Groups, Initializer>;
  using takes_max_pool = conv2d;
  template <class Layer, class Activation, class Pool>
  using pooled = pooled_conv2d<Layer, Activation, Pool>;
  /// Whether that is faster, as measured on the host: one output of four is gathered on the way
  /// back, which takes more time than it saves with a single tap or with weights beyond the caches.
  /// The same on every machine, for exported models depend on it.
  static constexpr bool gains_from_max_pool(const shape& in) {
    return Groups == 1 && Stride == 1 && Kernel > 1 &&
           Filters * Kernel * Kernel * in.channels <= 65'536u;
  }
  static constexpr std::size_t filters(const shape&) { return Filters; }
  static constexpr std::size_t groups(const shape&) { return Groups; }
};

/// Convolution of each channel with `Multiplier` kernels of its own: conv2d with as many groups as
/// channels. W [channels Multiplier][Kernel][Kernel][1].
template <std::size_t Kernel, std::size_t Stride = 1, padding Padding = padding::valid,
          std::size_t Multiplier = 1, class Initializer = initializers::automatic,
          bias Bias = bias::learned>
struct depthwise_conv2d
    : detail::convolution<depthwise_conv2d<Kernel, Stride, Padding, Multiplier, Initializer, Bias>,
                          Kernel, Kernel, Stride, Padding, Initializer, Bias> {
  static_assert(Multiplier > 0, "mote::depthwise_conv2d: the multiplier must be positive");
  static constexpr const char* name = "depthwise_conv2d";
  using expects = detail::window_needs<Kernel, Padding>;
  using with_bias = depthwise_conv2d<Kernel, Stride, Padding, Multiplier, Initializer>;
  static constexpr std::size_t filters(const shape& in) { return in.channels * Multiplier; }
  static constexpr std::size_t groups(const shape& in) { return in.channels; }
};

} // namespace mote
