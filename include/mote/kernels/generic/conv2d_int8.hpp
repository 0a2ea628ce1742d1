// The quantized convolution as plain loops: the bits that every target has to reproduce.
#pragma once

#include <mote/core/window.hpp>
#include <mote/kernels/int8_product.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace mote::kernels {

/// Images are [height][width][channels], weights [Filters][kernel_height][kernel_width][channels of
/// a group], as in the real convolution. What lies beyond the border counts as real zero, that is
/// as the input's zero point.
template <class Isa>
struct conv2d_int8 {
  /// y = the code of the sum of (x - zero point) w over kernel and channels, see int8_product; of
  /// the largest sum in each square of Pool x Pool positions. What is left of a row or a column by
  /// such squares is not looked at.
  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool = 1, class Product>
  static constexpr void forward(std::size_t rows, const std::int8_t* x, const Product& layer,
                                std::int8_t* y) {
    for (std::size_t image = 0; image < rows; ++image) {
      for (std::size_t row = 0; row < Window.output_height / Pool; ++row) {
        for (std::size_t column = 0; column < Window.output_width / Pool; ++column) {
          for (std::size_t f = 0; f < Filters; ++f) {
            *y++ = layer.template output<Rounding>(
                largest_sum<Window, Filters, Groups, Pool>(x, layer, row * Pool, column * Pool, f),
                f);
          }
        }
      }
      x += Window.input.size();
    }
  }

private:
  template <window Window, std::size_t Filters, std::size_t Groups, std::size_t Pool, class Product>
  static constexpr std::int32_t largest_sum(const std::int8_t* x, const Product& layer,
                                            std::size_t row, std::size_t column, std::size_t f) {
    std::int32_t largest = std::numeric_limits<std::int32_t>::min();
    for (std::size_t i = 0; i < Pool * Pool; ++i) {
      largest =
          std::max(largest, sum<Window, Filters, Groups>(x, layer, Window.rows_at(row + i / Pool),
                                                         Window.columns_at(column + i % Pool), f));
    }
    return largest;
  }

  /// Over the part of the kernel that lies on the image.
  template <window Window, std::size_t Filters, std::size_t Groups, class Product>
  static constexpr std::int32_t sum(const std::int8_t* x, const Product& layer,
                                    window::overlap vertical, window::overlap horizontal,
                                    std::size_t f) {
    constexpr std::size_t channels = Window.input.channels / Groups;
    const auto weights = layer.weights + f * Window.kernel_height * Window.kernel_width * channels;
    x += f / (Filters / Groups) * channels;
    std::int32_t total = 0;
    for (std::size_t i = vertical.first; i < vertical.last; ++i) {
      const std::size_t line = (vertical.start + i - vertical.first) * Window.input.width;
      for (std::size_t j = horizontal.first; j < horizontal.last; ++j) {
        const std::size_t at =
            (line + horizontal.start + j - horizontal.first) * Window.input.channels;
        const std::size_t tap = (i * Window.kernel_width + j) * channels;
        for (std::size_t c = 0; c < channels; ++c) {
          total += (x[at + c] - layer.input_zero_point) * weights[tap + c];
        }
      }
    }
    return total;
  }
};

/// The same for weights that are constants, see mote::constant_pass. This template says that there
/// is no such kernel; an instruction set's specialization tells in `fits` whether it is exact for
/// the numbers in `Constants::value` (the layer's parameters), and defines
/// `forward<Rounding, Window, Filters, Groups, Pool, Constants>(rows, x, y)`.
template <class Isa, class Policy>
struct constant_conv2d_int8 {
  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool, class Constants>
  static constexpr bool fits = false;
};

} // namespace mote::kernels
