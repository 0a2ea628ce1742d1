// Where the outputs of a convolution are computed together, and how windows that reach beyond the
// image are made to look like others.
#pragma once

#include <mote/core/window.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace mote::kernels::arm_dsp {

/// The positions that are computed at once: two side by side, or those that one pooled output is
/// the largest of.
template <window Window, std::size_t Pool>
struct output_unit {
  static constexpr window on = Window;
  static constexpr std::size_t pool = Pool;
  static constexpr std::size_t output_height = Window.output_height / Pool;
  static constexpr std::size_t output_width = Window.output_width / Pool;
  static constexpr std::size_t output_size = output_height * output_width;

  /// Positions side by side in one pass over the kernel.
  static constexpr std::size_t pixels = std::min<std::size_t>(Window.output_width, 2);
  static constexpr std::size_t outputs = Pool == 1 ? pixels : 1;
  /// Positions from one unit to the next, which are the outputs side by side in it or the pool's.
  static constexpr std::size_t width = Pool == 1 ? pixels : Pool;

  /// What its windows cover.
  static constexpr std::size_t covered_height = (Pool - 1) * Window.stride + Window.kernel_height;
  static constexpr std::size_t covered_width = (width - 1) * Window.stride + Window.kernel_width;
};

/// The part of the image that lies under a unit whose first window begins at (top, left), which may
/// be negative, with what lies beyond it set to the zero point.
template <class Unit, std::int32_t ZeroPoint>
constexpr void fill_patch(const std::int8_t* x, std::ptrdiff_t top, std::ptrdiff_t left,
                          std::int8_t* patch) {
  constexpr auto height = static_cast<std::ptrdiff_t>(Unit::on.input.height);
  constexpr auto width = static_cast<std::ptrdiff_t>(Unit::on.input.width);
  constexpr std::size_t channels = Unit::on.input.channels;
  for (std::size_t i = 0; i < Unit::covered_height; ++i) {
    const std::ptrdiff_t row = top + static_cast<std::ptrdiff_t>(i);
    for (std::size_t j = 0; j < Unit::covered_width; ++j, patch += channels) {
      const std::ptrdiff_t column = left + static_cast<std::ptrdiff_t>(j);
      if (row >= 0 && row < height && column >= 0 && column < width) {
        std::copy_n(x + static_cast<std::size_t>(row * width + column) * channels, channels, patch);
      } else {
        std::fill_n(patch, channels, static_cast<std::int8_t>(ZeroPoint));
      }
    }
  }
}

template <class Unit, std::int32_t ZeroPoint, auto F>
[[gnu::noinline]] constexpr void with_patch(const std::int8_t* x, std::size_t top, std::size_t left,
                                            std::int8_t* y) {
  constexpr std::size_t line = Unit::covered_width * Unit::on.input.channels;
  std::int8_t patch[Unit::covered_height * line]{};
  fill_patch<Unit, ZeroPoint>(
      x, static_cast<std::ptrdiff_t>(top) - static_cast<std::ptrdiff_t>(Unit::on.pad_top),
      static_cast<std::ptrdiff_t>(left) - static_cast<std::ptrdiff_t>(Unit::on.pad_left), patch);
  F(patch, line, y);
}

/// F(inputs, bytes from line to line, outputs) for each unit of an image; one that reaches beyond
/// it gets a patch that does not. Where the units do not divide a row, the last two overlap.
/// F is no argument, lest it be called through a pointer, from which no stack can be told.
template <class Unit, std::size_t Filters, std::int32_t ZeroPoint, auto F>
[[gnu::always_inline]] constexpr void for_each_unit(const std::int8_t* x, std::int8_t* y) {
  constexpr window on = Unit::on;
  constexpr std::size_t line = on.input.width * on.input.channels;
  for (std::size_t row = 0; row < Unit::output_height; ++row) {
    for (std::size_t at = 0; at < Unit::output_width; at += Unit::outputs) {
      const std::size_t column = std::min(at, Unit::output_width - Unit::outputs);
      // In the padded image, where nothing is negative.
      const std::size_t top = row * Unit::pool * on.stride;
      const std::size_t left = column * Unit::pool * on.stride;
      std::int8_t* outputs = y + (row * Unit::output_width + column) * Filters;
      const std::size_t inside =
          (top - on.pad_top) * line + (left - on.pad_left) * on.input.channels;
      if constexpr (on.is_padded()) {
        if (top < on.pad_top || top + Unit::covered_height > on.pad_top + on.input.height ||
            left < on.pad_left || left + Unit::covered_width > on.pad_left + on.input.width) {
          with_patch<Unit, ZeroPoint, F>(x, top, left, outputs);
          continue;
        }
      }
      F(x + inside, line, outputs);
    }
  }
}

} // namespace mote::kernels::arm_dsp
