// Strips of images: as many lines as a few rows of outputs see, with the padding around them.
#pragma once

#include <mote/core/window.hpp>

#include <algorithm>
#include <cstddef>

namespace mote::kernels {

/// The geometry of convolution by strips of `rows` rows of outputs. Offsets are in elements of a
/// strip, whose lines are `line` apart: output (r, c) sees, in each of kernel_height lines from
/// r * row_step + c * step on, `run` elements side by side. `rows` is a multiple of Unit.
template <window Window, std::size_t OutputChannels, class T, std::size_t Unit = 1>
struct image_strip {
  static constexpr std::size_t channels = Window.input.channels;
  static constexpr std::size_t kernel_height = Window.kernel_height;
  static constexpr std::size_t run = Window.kernel_width * channels;
  static constexpr std::size_t taps = kernel_height * run;
  static constexpr std::size_t output_width = Window.output_width;
  static constexpr std::size_t stride = Window.stride;

  static constexpr bool padded = Window.is_padded();

  static constexpr std::size_t line =
      (padded ? Window.covered_width() : Window.input.width) * channels;
  static constexpr std::size_t step = stride * channels;
  static constexpr std::size_t row_step = stride * line;

  static constexpr std::size_t lines_of(std::size_t height) {
    return (height - 1) * stride + kernel_height;
  }
  static constexpr std::size_t bytes_of(std::size_t height) {
    return (lines_of(height) * line + height * output_width * OutputChannels) * sizeof(T);
  }

  /// Rows of outputs: as many as fit a first-level cache of 32 KB together with what they see.
  static constexpr std::size_t rows = [] {
    std::size_t height = Unit;
    while (height + Unit <= Window.output_height && bytes_of(height + Unit) <= 32 * 1024) {
      height += Unit;
    }
    return height;
  }();

  /// The kernel elements first, first + stride, ... < last that see an element of the image along
  /// one axis: the first as part of output `output`, each further one of the output before.
  struct seen_by {
    std::size_t first;
    std::size_t last;
    std::size_t output;
  };
  static constexpr seen_by row_seen_by(std::size_t row) {
    return see(row + Window.pad_top, kernel_height, 0, Window.output_height);
  }
  /// Of the outputs first ... last - 1 of a row.
  static constexpr seen_by column_seen_by(std::size_t column, std::size_t first, std::size_t last) {
    return see(column + Window.pad_left, Window.kernel_width, first, last);
  }
  /// The columns of the image that an output sees.
  static constexpr std::size_t first_seen_by(std::size_t output) {
    return std::max(output * stride, Window.pad_left) - Window.pad_left;
  }
  static constexpr std::size_t last_seen_by(std::size_t output) {
    return std::min(output * stride + Window.kernel_width - Window.pad_left, Window.input.width);
  }

  /// The memory of a strip that needs padding.
  struct memory {
    T elements[padded ? lines_of(rows) * line : 1];

    /// The strip of `height` rows of outputs from `row` on: of the image itself where it needs no
    /// padding.
    const T* read(const T* image, std::size_t row, std::size_t height) {
      if constexpr (!padded) {
        return image + row * row_step;
      } else {
        constexpr std::size_t image_line = Window.input.width * channels;
        constexpr std::size_t left = Window.pad_left * channels;
        std::fill_n(elements, lines_of(height) * line, T{0});
        for (std::size_t i = 0; i < lines_of(height); ++i) {
          const std::size_t at = row * stride + i; // in the padded image
          if (at >= Window.pad_top && at < Window.pad_top + Window.input.height) {
            std::copy_n(image + (at - Window.pad_top) * image_line,
                        std::min(image_line, line - left), elements + i * line + left);
          }
        }
        return elements;
      }
    }
  };

  /// f(image, first row of outputs, how many, memory) for strips that cover `images` images.
  template <class F>
  static void for_each(std::size_t images, F&& f) {
    memory lines;
    for (std::size_t image = 0; image < images; ++image) {
      for (std::size_t row = 0; row < Window.output_height; row += rows) {
        f(image, row, std::min(rows, Window.output_height - row), lines);
      }
    }
  }

private:
  static constexpr seen_by see(std::size_t at, std::size_t kernel, std::size_t first,
                               std::size_t last) {
    const std::size_t output = std::min(at / stride, last - 1);
    return {at - output * stride, std::min(kernel, at - first * stride + 1), output};
  }
};

} // namespace mote::kernels
