// The quantized convolution as a dense product over the patches of the image that a kernel sees,
// copied side by side, a strip at a time.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/conv2d_int8.hpp>
#include <mote/kernels/vector/dense_int8.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels {

template <std::size_t Bytes>
struct conv2d_int8<isa::simd<Bytes>> {
private:
  using dense = dense_int8<isa::simd<Bytes>>;

  /// The geometry of patches of one group of all channels.
  template <window Window>
  struct patches {
    static constexpr std::size_t channels = Window.input.channels;
    static constexpr std::size_t run = Window.kernel_width * channels;
    static constexpr std::size_t size = Window.kernel_height * run;

    /// How many leave room for weights in a first-level cache of 32 KB.
    static constexpr std::size_t strip(std::size_t together) {
      return std::max<std::size_t>(1, 8 * 1024 / (size * together)) * together;
    }

    /// A run is copied in whole words, beyond its end; the next one goes over what is too much.
    static constexpr std::size_t copied = (run + 7) / 8 * 8;
    static constexpr std::size_t slack = copied - run;

    /// Copies what output (row, column) sees; `to` has `slack` elements more, which are
    /// overwritten. The zero point is outside of the image.
    [[gnu::always_inline]] static inline void copy(const std::int8_t* image, std::size_t row,
                                                   std::size_t column, std::int32_t zero_point,
                                                   std::int8_t* to) {
      const auto vertical = Window.rows_at(row);
      const auto horizontal = Window.columns_at(column);
      constexpr std::size_t line = Window.input.width * channels;
      if (!Window.is_padded() || (vertical.last - vertical.first == Window.kernel_height &&
                                  horizontal.last - horizontal.first == Window.kernel_width)) {
        const std::size_t at = vertical.start * line + horizontal.start * channels;
        if (at + (Window.kernel_height - 1) * line + copied <= Window.input.size()) {
          copy_runs<copied>(image + at, line, to);
        } else {
          copy_runs<run>(image + at, line, to);
        }
        return;
      }
      std::fill_n(to, size, static_cast<std::int8_t>(zero_point));
      for (std::size_t i = vertical.first; i < vertical.last; ++i) {
        std::copy_n(image + (vertical.start + i - vertical.first) * line +
                        horizontal.start * channels,
                    (horizontal.last - horizontal.first) * channels,
                    to + i * run + horizontal.first * channels);
      }
    }

  private:
    template <std::size_t Count>
    [[gnu::always_inline]] static inline void copy_runs(const std::int8_t* from, std::size_t line,
                                                        std::int8_t* to) {
      unrolled<Window.kernel_height>(
          [&](auto i) { __builtin_memcpy(to + i * run, from + i * line, Count); });
    }
  };

public:
  /// As the plain loops, which compute what has more than one group.
  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool = 1, class Product>
  static constexpr void forward(std::size_t rows, const std::int8_t* x, const Product& layer,
                                std::int8_t* y) {
    using meaning = conv2d_int8<isa::generic>;
    if (Groups > 1 || std::is_constant_evaluated()) {
      return meaning::template forward<Rounding, Window, Filters, Groups, Pool>(rows, x, layer, y);
    }
    constexpr bool sees_one_pixel = Window.kernel_height * Window.kernel_width == 1;
    if constexpr (Groups == 1 && sees_one_pixel && Window.stride == 1 && Pool == 1) {
      dense::template forward<Rounding, Window.input.channels, Filters>(rows * Window.positions(),
                                                                        x, layer, y);
    } else if constexpr (Groups == 1) {
      by_patches<Rounding, Window, Filters, Pool>(rows, x, layer, y);
    }
  }

private:
  template <class Rounding, window Window, std::size_t Filters, std::size_t Pool, class Product>
  static void by_patches(std::size_t images, const std::int8_t* x, const Product& layer,
                         std::int8_t* y) {
    using patch = patches<Window>;
    constexpr std::size_t together = Pool * Pool;
    constexpr std::size_t strip = patch::strip(together);
    std::int8_t copies[strip * patch::size + patch::slack];
    std::size_t count = 0;
    const auto flush = [&] {
      dense::template largest<Rounding, patch::size, Filters, together>(count / together, copies,
                                                                        layer, y);
      y += count / together * Filters;
      count = 0;
    };
    for (std::size_t image = 0; image < images; ++image) {
      for (std::size_t row = 0; row < Window.output_height / Pool; ++row) {
        for (std::size_t column = 0; column < Window.output_width / Pool; ++column) {
          for (std::size_t i = 0; i < together; ++i) {
            patch::copy(x, row * Pool + i / Pool, column * Pool + i % Pool, layer.input_zero_point,
                        copies + count++ * patch::size);
          }
          if (count == strip) {
            flush();
          }
        }
      }
      x += Window.input.size();
    }
    flush();
  }
};

} // namespace mote::kernels
