#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/math.hpp>
#include <mote/core/pass.hpp>
#include <mote/layers/int8_softmax.hpp>

#include <cstddef>

namespace mote {

/// y_c = e^x_c / sum_j e^x_j over the channels, at every position of any shape (Bridle 1990). The
/// largest x is subtracted first, so that nothing overflows. dx = y (dy - sum_j dy_j y_j).
///
/// For networks that need probabilities inside or at their end. To train a classifier leave it out:
/// softmax_cross_entropy takes logits, and the largest of them is the class.
struct softmax : layer {
  static constexpr const char* name = "softmax";
  static constexpr mote::aliasing aliasing = mote::aliasing::in_place;
  static constexpr bool backward_reads_output = true;

  template <class Rounding>
  using quantized = int8_softmax<softmax, Rounding>;

  static constexpr shape output(const shape& in) { return in; }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    using T = typename Pass::value_type;
    constexpr std::size_t channels = Pass::input_shape.channels;
    const std::size_t count = pass.input.rows * Pass::input_shape.size();
    for (std::size_t first = 0; first < count; first += channels) {
      const T* x = pass.input.data + first;
      T* y = pass.output.data + first;
      T largest = x[0];
      for (std::size_t c = 1; c < channels; ++c) {
        largest = x[c] > largest ? x[c] : largest;
      }
      T sum{0};
      for (std::size_t c = 0; c < channels; ++c) {
        y[c] = math::exp(x[c] - largest);
        sum += y[c];
      }
      for (std::size_t c = 0; c < channels; ++c) {
        y[c] /= sum;
      }
    }
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    if constexpr (Pass::wants_input_gradient) {
      using T = typename Pass::value_type;
      constexpr std::size_t channels = Pass::input_shape.channels;
      const std::size_t count = pass.input.rows * Pass::input_shape.size();
      for (std::size_t first = 0; first < count; first += channels) {
        const T* y = pass.output.data + first;
        const T* dy = pass.output_gradient.data + first;
        T* dx = pass.input_gradient.data + first;
        T mean{0};
        for (std::size_t c = 0; c < channels; ++c) {
          mean += dy[c] * y[c];
        }
        for (std::size_t c = 0; c < channels; ++c) {
          dx[c] = y[c] * (dy[c] - mean);
        }
      }
    }
  }
};

} // namespace mote
