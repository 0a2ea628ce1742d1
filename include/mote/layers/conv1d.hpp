#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/window.hpp>
#include <mote/layers/conv2d.hpp>
#include <mote/layers/initializers.hpp>

#include <cstddef>
#include <type_traits>

namespace mote {

/// One-dimensional convolution: takes a sequence, gives a sequence of `Filters` channels.
/// y[t][f] = b[f] + sum over i, k of W[f][i][k] x[t stride + i - left][k], W
/// [Filters][Kernel][channels]: conv2d with a window of height 1.
template <std::size_t Filters, std::size_t Kernel, std::size_t Stride = 1,
          padding Padding = padding::valid, class Initializer = initializers::automatic,
          bias Bias = bias::learned>
struct conv1d : detail::convolution<conv1d<Filters, Kernel, Stride, Padding, Initializer, Bias>, 1,
                                    Kernel, Stride, Padding, Initializer, Bias> {
  static_assert(Filters > 0, "mote::conv1d: the number of filters must be positive");
  static constexpr const char* name = "conv1d";
  using expects = std::conditional_t<Padding == padding::same, needs::sequence,
                                     needs::sequence_of_at_least<Kernel>>;
  using with_bias = conv1d<Filters, Kernel, Stride, Padding, Initializer>;
  static constexpr std::size_t filters(const shape&) { return Filters; }
  static constexpr std::size_t groups(const shape&) { return 1; }
};

} // namespace mote
