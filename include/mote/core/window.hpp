// How a window slides over an image: the geometry that convolutions and pools share.
#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace mote {

/// What lies beyond the border of an image.
enum class padding {
  valid, ///< nothing: the window stays inside
  same   ///< zeros, so that stride 1 keeps the size; the odd one is at the bottom and on the right
};

/// Windows of kernel_height x kernel_width, `stride` apart, on an image.
struct window {
  shape input;
  std::size_t kernel_height = 1;
  std::size_t kernel_width = 1;
  std::size_t stride = 1;
  std::size_t pad_top = 0;
  std::size_t pad_left = 0;
  std::size_t output_height = 0;
  std::size_t output_width = 0;

  /// Requires a window that fits the image, or padding::same. The rule for `same` is TensorFlow's:
  /// ceil(input / stride) outputs, and of the padding they need the smaller half comes first.
  constexpr window(const shape& in, std::size_t height, std::size_t width, std::size_t step,
                   padding border)
      : input(in), kernel_height(height), kernel_width(width), stride(step) {
    output_height = outputs(in.height, height, border);
    output_width = outputs(in.width, width, border);
    if (border == padding::same) {
      pad_top = total_padding(in.height, height, output_height) / 2;
      pad_left = total_padding(in.width, width, output_width) / 2;
    }
  }

  constexpr std::size_t positions() const { return output_height * output_width; }

  /// What all windows together cover, from the first element of the padding on.
  constexpr std::size_t covered_height() const {
    return (output_height - 1) * stride + kernel_height;
  }
  constexpr std::size_t covered_width() const { return (output_width - 1) * stride + kernel_width; }

  /// Whether some window reaches beyond the image.
  constexpr bool is_padded() const {
    return pad_top > 0 || pad_left > 0 || covered_height() > input.height ||
           covered_width() > input.width;
  }

  /// The part of a kernel that lies on the image, along one axis: kernel elements [first, last)
  /// meet image elements [start, start + last - first).
  struct overlap {
    std::size_t first;
    std::size_t last;
    std::size_t start;
  };

  constexpr overlap rows_at(std::size_t output_row) const {
    return clip(output_row, pad_top, kernel_height, input.height);
  }
  constexpr overlap columns_at(std::size_t output_column) const {
    return clip(output_column, pad_left, kernel_width, input.width);
  }

private:
  constexpr std::size_t outputs(std::size_t extent, std::size_t kernel, padding border) const {
    if (border == padding::same) {
      return (extent + stride - 1) / stride;
    }
    return extent < kernel ? 0 : (extent - kernel) / stride + 1;
  }
  constexpr std::size_t total_padding(std::size_t extent, std::size_t kernel,
                                      std::size_t count) const {
    const std::size_t covered = (count - 1) * stride + kernel;
    return covered > extent ? covered - extent : 0;
  }
  constexpr overlap clip(std::size_t position, std::size_t pad, std::size_t kernel,
                         std::size_t extent) const {
    const std::size_t origin = position * stride; // in the padded image
    const std::size_t first = origin < pad ? pad - origin : 0;
    const std::size_t last = std::min(kernel, extent + pad - origin);
    return {first, last, origin + first - pad};
  }
};

/// The loop of all that works channel by channel: f(offset of the output, elements) for each
/// window, where elements(visit) calls visit(kernel element, offset in the input) for those on the
/// image, in order. Offsets are of the first of all channels.
template <window Window, class F>
constexpr void for_each_window(std::size_t rows, F&& f) {
  constexpr std::size_t channels = Window.input.channels;
  std::size_t output = 0;
  for (std::size_t image = 0; image < rows; ++image) {
    const std::size_t origin = image * Window.input.size();
    for (std::size_t row = 0; row < Window.output_height; ++row) {
      const auto vertical = Window.rows_at(row);
      for (std::size_t column = 0; column < Window.output_width; ++column) {
        const auto horizontal = Window.columns_at(column);
        f(output, [&](auto&& visit) {
          // Constants where no window is clipped, so that the compiler unrolls the loops.
          const std::size_t height =
              Window.is_padded() ? vertical.last - vertical.first : Window.kernel_height;
          const std::size_t width =
              Window.is_padded() ? horizontal.last - horizontal.first : Window.kernel_width;
          for (std::size_t i = 0; i < height; ++i) {
            const std::size_t line = (vertical.start + i) * Window.input.width + horizontal.start;
            for (std::size_t j = 0; j < width; ++j) {
              visit((vertical.first + i) * Window.kernel_width + horizontal.first + j,
                    origin + (line + j) * channels);
            }
          }
        });
        output += channels;
      }
    }
  }
}

namespace needs {

/// An image on which a window fits without padding.
template <std::size_t Height, std::size_t Width>
struct image_of_at_least {
  static constexpr bool accepts(const shape& in) {
    return in.rank == 3 && in.height >= Height && in.width >= Width;
  }
};

/// A sequence on which a window fits without padding.
template <std::size_t Steps>
struct sequence_of_at_least {
  static constexpr bool accepts(const shape& in) { return in.rank == 2 && in.width >= Steps; }
};

/// An image whose channels divide evenly into groups.
template <std::size_t Groups, class Otherwise>
struct channels_in_groups_of {
  static constexpr bool accepts(const shape& in) {
    return Otherwise::accepts(in) && in.channels % Groups == 0;
  }
};

} // namespace needs

namespace detail {

/// What a window of Size x Size asks of its image.
template <std::size_t Size, padding Padding>
using window_needs = std::conditional_t<Padding == padding::same, needs::image,
                                        needs::image_of_at_least<Size, Size>>;

} // namespace detail

} // namespace mote
