#pragma once

#include <mote/core/affine.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/window.hpp>

#include <cstddef>
#include <cstdint>

namespace mote {

/// An average pool in int8, exact to AVERAGE_POOL_2D of the TensorFlow Lite specification: the mean
/// of the codes, rounded to nearest with ties away from zero. Input and output have one mapping.
/// `Pool` is the real layer, whose geometry it has.
template <class Pool>
struct int8_avg_pool : layer {
  static constexpr const char* name = Pool::name;
  using value_type = std::int8_t;
  using expects = typename Pool::expects;
  static constexpr bool keeps_mapping = true;

  static constexpr shape output(const shape& in) { return Pool::output(in); }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    for_each_window<Pool::window_on(Pass::input_shape)>(
        pass.input.rows, [&](std::size_t output, auto&& elements) {
          for (std::size_t c = 0; c < Pass::input_shape.channels; ++c) {
            std::int32_t sum = 0;
            std::int32_t count = 0;
            elements([&](std::size_t, std::size_t at) {
              sum += pass.input.data[at + c];
              ++count;
            });
            const std::int32_t half = count / 2;
            pass.output.data[output + c] =
                static_cast<std::int8_t>((sum > 0 ? sum + half : sum - half) / count);
          }
        });
  }
};

} // namespace mote
