// The way back through a pool into its convolution: only the chosen outputs take part.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/vector/blocks.hpp>
#include <mote/kernels/vector/elementwise.hpp>
#include <mote/kernels/vector/lanes.hpp>
#include <mote/kernels/vector/strip.hpp>
#include <mote/kernels/vector/vector.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace mote::kernels {

/// Numbers of chosen elements, as offsets.
template <std::size_t Bytes>
struct chosen_offsets {
  /// `offsets` and `bases` have so many elements for `count` numbers.
  static constexpr std::size_t rounded(std::size_t count) {
    return (count + Bytes - 1) / Bytes * Bytes;
  }

  /// offsets[i] = bases[i] + the offset of an element in a window of Size x Size whose rows are Row
  /// and whose columns are Column apart. Four bytes at a time are spread by hand, for GCC would
  /// convert them one by one.
  template <std::size_t Size, std::uint32_t Row, std::uint32_t Column>
  static void find(std::size_t count, const std::uint8_t* chosen, const std::uint32_t* bases,
                   std::uint32_t* offsets) {
    constexpr std::size_t lanes = Bytes / 4;
    using numbers = vector<std::uint32_t, lanes>;
    for (std::size_t first = 0; first < count; first += Bytes) {
      numbers bytes{};
      if (first + Bytes <= count) {
        __builtin_memcpy(&bytes, chosen + first, Bytes);
      } else {
        __builtin_memcpy(&bytes, chosen + first, count - first);
      }
      numbers some[4];
      unrolled<4>([&](auto byte) {
        constexpr int shift = 8 * (std::endian::native == std::endian::little ? byte : 3 - byte);
        const numbers number = bytes >> shift & 255;
        some[byte] = number * Column;
        unrolled<Size - 1>([&](auto row) { // without a division
          constexpr std::uint32_t more = Row - Size * Column;
          some[byte] += number >= (row + 1) * Size ? more - numbers{} : numbers{};
        });
      });
      interleave<std::uint32_t, lanes, 4>(some);
      unrolled<4>([&](auto i) {
        const std::size_t at = first + i * lanes;
        store<std::uint32_t, lanes>(offsets + at, some[i] + load<std::uint32_t, lanes>(bases + at));
      });
    }
  }
};

/// pooled_conv2d::parameter_gradient. All taps of a filter are in registers at once, and each
/// chosen output adds its window. `Window` has no outputs that the pool does not look at.
template <std::size_t Bytes, window Window, std::size_t Filters, std::size_t Size, class T>
struct pooled_parameter_gradient {
private:
  static constexpr std::size_t channels = Window.input.channels;
  static constexpr std::size_t run = Window.kernel_width * channels;
  using pack = register_packing<Bytes, T, run>;
  static constexpr std::size_t lanes = pack::lanes;
  static constexpr std::size_t filter_size = Window.kernel_height * pack::padded;

  // A strip is copied so that runs of inputs can be read in whole registers. So that few of these
  // cross a cache line, its lines are cut into segments, which share elements: the runs of `group`
  // columns start in each.
  static constexpr std::size_t cache_line = 64 / sizeof(T);
  static constexpr bool in_cache_line = pack::padded + (Size - 1) * channels <= cache_line;
  static constexpr bool alone = !in_cache_line && lanes == cache_line && channels % lanes != 0;
  static constexpr std::size_t group =
      in_cache_line ? ((cache_line - pack::padded) / channels + 1) / Size * Size
      : alone       ? 1
                    : Window.output_width;
  static constexpr std::size_t segments = (Window.output_width + group - 1) / group;
  static constexpr std::size_t whole_line =
      (Window.output_width - 1) * channels + pack::padded + cache_line - 1;
  static constexpr std::size_t segment = in_cache_line ? cache_line
                                         : alone       ? pack::padded
                                                       : whole_line / cache_line * cache_line;
  static constexpr std::size_t line = segments * segment;
  static constexpr std::size_t step = alone ? segment : channels;

  using strip = image_strip<Window, Filters + line / Window.output_width, T, Size>;
  static constexpr std::size_t copy_size = strip::lines_of(strip::rows) * line;
  static constexpr std::size_t pooled_width = Window.output_width / Size;
  static constexpr std::size_t outputs = strip::rows / Size * pooled_width * Filters;

  /// Copies `Count` elements; writes whole registers.
  template <std::size_t Count>
  [[gnu::always_inline]] static inline void copy(const T* from, T* to) {
    constexpr std::size_t most = Bytes / sizeof(T);
    constexpr std::size_t left_over = Count % most;
    for (std::size_t i = 0; i + most <= Count; i += most) {
      store<T, most>(to + i, load<T, most>(from + i));
    }
    if constexpr (left_over > 0) {
      constexpr std::size_t last = Count - left_over;
      store<T, most>(to + last, load_part<T, most, left_over>(from + last));
    }
  }

  static void copy_strip(std::size_t height, const T* from, T* to) {
    constexpr std::size_t apart = group * channels;
    constexpr std::size_t whole =
        strip::line < segment ? 0 : std::min((strip::line - segment) / apart + 1, segments);
    for (std::size_t i = 0; i < strip::lines_of(height); ++i) {
      for (std::size_t at = 0; at < whole; ++at) {
        copy<segment>(from + at * apart, to + at * segment);
      }
      unrolled<segments - whole>([&](auto rest) { // as much as the line has
        constexpr std::size_t at = whole + rest;
        copy<strip::line - at * apart>(from + at * apart, to + at * segment);
      });
      from += strip::line;
      to += line;
    }
  }

  /// Adds to Rows x Vectors registers of a filter's taps the products of all its chosen outputs:
  /// sums[tap] += x[offset + tap] slope.
  template <std::size_t Rows, std::size_t Vectors>
  [[gnu::always_inline]] static inline void add_products(std::size_t positions, const T* x,
                                                         const T* slopes,
                                                         const std::uint32_t* offsets, T* sums) {
    constexpr std::size_t size = Rows * Vectors;
    // Outputs at a time, to hide the latency of a fused multiply-add.
    constexpr std::size_t at_once =
        std::max<std::size_t>(std::min((12 + size - 1) / size, block_sums<Bytes> / size), 1);
    vector<T, lanes> local[at_once][size]{};
    in_blocks_of<at_once>(positions, [&](std::size_t p, auto count) {
      unrolled<count>([&](auto i) {
        const std::size_t at = (p + i) * Filters;
        const T* from = x + offsets[at];
        const vector<T, lanes> slope = broadcast<T, lanes>(slopes[at]);
        unrolled<size>([&](auto tap) {
          constexpr std::size_t offset = tap / Vectors * line + tap % Vectors * lanes;
          local[i][tap] += slope * load<T, lanes>(from + offset);
        });
      });
    });
    unrolled<size>([&](auto tap) {
      T* to = sums + tap / Vectors * pack::padded + tap % Vectors * lanes;
      vector<T, lanes> sum = load<T, lanes>(to);
      unrolled<at_once>([&](auto i) { sum += local[i][tap]; });
      store<T, lanes>(to, sum);
    });
  }

  /// Filters whose sums are kept at a time.
  static constexpr std::size_t filter_block =
      even_block(Filters, std::max<std::size_t>(256 * 1024 / (filter_size * sizeof(T)), 1));

public:
  /// About what it takes of the stack.
  static constexpr std::size_t bytes =
      (filter_block * filter_size + copy_size + 3 * outputs) * sizeof(T) +
      strip::bytes_of(strip::rows);

  template <class Activation>
  static void run_on(std::size_t rows, const T* x, const T* y, const T* dy,
                     const std::uint8_t* chosen, T* weight_gradient, T* bias_gradient) {
    using choices = chosen_offsets<Bytes>;
    constexpr tile block{Window.kernel_height, pack::vectors, block_sums<Bytes>};
    constexpr std::size_t bias_block = 2 * Bytes / sizeof(T);
    alignas(64) T copied[copy_size]{};
    alignas(Bytes) std::uint32_t bases[choices::rounded(outputs)]{};
    for (std::size_t p = 0; p < outputs / Filters; ++p) {
      const std::size_t column = p % pooled_width * Size;
      const std::size_t at =
          p / pooled_width * Size * line + column / group * segment + column % group * step;
      std::fill_n(bases + p * Filters, Filters, static_cast<std::uint32_t>(at));
    }
    alignas(Bytes) std::uint32_t offsets[choices::rounded(outputs)];
    alignas(Bytes) T slopes[outputs + bias_block]{}; // more is read than written
    alignas(Bytes) T sums[filter_block * filter_size];
    T bias_sums[Filters + bias_block];
    for (std::size_t first = 0; first < Filters; first += filter_block) {
      const std::size_t filters = std::min(filter_block, Filters - first);
      std::fill_n(sums, filters * filter_size, T{0});
      std::fill_n(bias_sums, Filters + bias_block, T{0});
      strip::for_each(rows, [&](std::size_t image, std::size_t row, std::size_t height,
                                auto& lines) {
        copy_strip(height, lines.read(x + image * Window.input.size(), row, height), copied);
        const std::size_t at = (image * Window.output_height + row) / Size * pooled_width * Filters;
        const std::size_t positions = height / Size * pooled_width;
        elementwise<isa::simd<Bytes>>::template backward<Activation>(positions * Filters, y + at,
                                                                     y + at, dy + at, slopes);
        choices::template find<Size, line, step>(positions * Filters, chosen + at, bases, offsets);
        in_blocks<Filters, bias_block>([&](std::size_t f, auto count) {
          add_rows<Bytes, Filters, count>(positions, slopes + f, bias_sums + f);
        });
        for (std::size_t f = 0; f < filters; ++f) {
          in_blocks<Window.kernel_height, block.height>([&](std::size_t ky, auto block_rows) {
            in_blocks<pack::vectors, block.width>([&](std::size_t v, auto block_vectors) {
              add_products<block_rows, block_vectors>(
                  positions, copied + ky * line + v * lanes, slopes + first + f,
                  offsets + first + f, sums + f * filter_size + ky * pack::padded + v * lanes);
            });
          });
        }
      });
      for (std::size_t i = 0; i < filters * Window.kernel_height; ++i) {
        std::copy_n(sums + i * pack::padded, run,
                    weight_gradient + (first * Window.kernel_height + i) * run);
      }
    }
    if (bias_gradient != nullptr) {
      std::copy_n(bias_sums, Filters, bias_gradient);
    }
  }
};

/// pooled_conv2d::input_gradient. What one window of the pool hands back lies in a field of the
/// image that is larger than the kernel by Size - 1, and is summed over the filters in registers.
/// For each filter and column of the window there are weights as wide as the field, with zeros
/// where the kernel is not; and between them rows of zeros, so that the row of the window is an
/// offset. `Window` has no outputs that the pool does not look at.
template <std::size_t Bytes, window Window, std::size_t Filters, std::size_t Size, class T>
struct pooled_input_gradient {
private:
  static constexpr std::size_t channels = Window.input.channels;
  static constexpr std::size_t run = Window.kernel_width * channels;
  static constexpr std::size_t height = Window.kernel_height + Size - 1; // of a field
  static constexpr std::size_t width = (Window.kernel_width + Size - 1) * channels;
  using pack = register_packing<Bytes, T, width>;
  static constexpr std::size_t lanes = pack::lanes;

  // What is left over of several lines may share a register.
  static constexpr std::size_t left_over = width % lanes;
  static constexpr std::size_t share = std::bit_ceil(left_over);
  static constexpr std::size_t shared = (height * share + lanes - 1) / lanes; // registers
  static constexpr bool shares = [] {
    const std::size_t sums = height * (pack::vectors - 1) + shared;
    return left_over > 0 && share < lanes && shared < pack::vectors && sums <= block_sums<Bytes>;
  }();
  static constexpr std::size_t vectors = pack::vectors - shares; // of a line
  static constexpr std::size_t padded = vectors * lanes;

  static constexpr std::size_t above = (Size - 1) * padded; // the rows of zeros
  /// With shared registers these follow, behind rows of zeros of their own: for each row of the
  /// window, as far apart as the offsets.
  static constexpr std::size_t field = height * padded + shares * (above + Size * padded);
  /// Filters whose weights fit a first-level cache.
  static constexpr std::size_t filter_block =
      even_block(Filters, std::max<std::size_t>(40 * 1024 / (Size * field * sizeof(T)), 1));

  static constexpr std::size_t pooled_height = Window.output_height / Size;
  static constexpr std::size_t pooled_width = Window.output_width / Size;
  static constexpr std::size_t row_size = pooled_width * Filters;
  /// The lines of the image that a row of windows hands back to, and as much more as is written.
  static constexpr std::size_t image_line = Window.input.width * channels;
  static constexpr std::size_t line = Window.covered_width() * channels + pack::padded;

  /// Adds to Rows x Vectors registers of a field in the lines the sum over Count filters of slope *
  /// weights; and to what shares registers.
  template <std::size_t Count, std::size_t Rows, std::size_t Vectors>
  [[gnu::always_inline]] static inline void
  add_products(const T* slopes, const std::uint32_t* offsets, const T* weights, T* lines) {
    constexpr std::size_t size = Rows * Vectors;
    constexpr std::size_t more = shares ? shared : 0;
    vector<T, lanes> sums[size + more]{};
    for (std::size_t f = 0; f < Count; ++f) {
      const T* w = weights + offsets[f];
      const vector<T, lanes> slope = broadcast<T, lanes>(slopes[f]);
      unrolled<size>([&](auto i) {
        sums[i] += slope * load<T, lanes>(w + i / Vectors * padded + i % Vectors * lanes);
      });
      unrolled<more>([&](auto i) {
        sums[size + i] += slope * load<T, lanes>(w + height * padded + above + i * lanes);
      });
    }
    unrolled<size>([&](auto i) {
      T* to = lines + i / Vectors * line + i % Vectors * lanes;
      store<T, lanes>(to, load<T, lanes>(to) + sums[i]);
    });
    if constexpr (shares) {
      unrolled<Rows>([&](auto i) {
        T* to = lines + i * line + padded;
        store<T, share>(to, load<T, share>(to) + part<i * share % lanes, share, T, lanes>(
                                                     sums[size + i * share / lanes]));
      });
    }
  }

  /// Gives or adds to the image `count` finished lines, the first of which is line `row` of the
  /// padded one.
  static void give_lines(bool adds, std::size_t row, std::size_t count, const T* lines, T* dx) {
    constexpr std::size_t left = Window.pad_left * channels;
    constexpr std::size_t covered = std::min(image_line, Window.covered_width() * channels - left);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = row + i;
      if (at >= Window.pad_top && at < Window.pad_top + Window.input.height) {
        T* to = dx + (at - Window.pad_top) * image_line;
        const T* from = lines + i * line + left;
        for (std::size_t j = 0; j < covered; ++j) {
          to[j] = adds ? to[j] + from[j] : from[j];
        }
      }
    }
  }

  template <class Activation, std::size_t Count>
  static void run_on_filters(std::size_t rows, std::size_t first, const T* y, const T* dy,
                             const std::uint8_t* chosen, const T* weights, T* dx) {
    using choices = chosen_offsets<Bytes>;
    constexpr tile block{height, vectors, block_sums<Bytes>};
    alignas(Bytes) T packed[Count * Size * field + above]{};
    unrolled<Size>([&](auto column) {
      constexpr std::size_t left = column * channels;
      constexpr std::size_t in_line = std::min(run, padded - std::min(left, padded));
      constexpr std::size_t lane = std::max(left, padded) - padded;
      for (std::size_t i = 0; i < Count * Window.kernel_height; ++i) {
        const std::size_t ky = i % Window.kernel_height;
        const T* from = weights + (first * Window.kernel_height + i) * run;
        T* to = packed + (i / Window.kernel_height * Size + column) * field;
        __builtin_memcpy(to + above + ky * padded + left, from, in_line * sizeof(T)); // no call
        if constexpr (in_line < run) {
          to += height * padded + above;
          for (std::size_t row = 0; row < Size; ++row) {
            std::copy_n(from + in_line, run - in_line,
                        to + (Size - 1 - row) * padded + (ky + row) * share + lane);
          }
        }
      }
    });
    alignas(Bytes) std::uint32_t bases[choices::rounded(row_size)]{};
    for (std::size_t i = 0; i < row_size; ++i) {
      bases[i] = static_cast<std::uint32_t>((i % Filters - first) * Size * field + above);
    }
    alignas(Bytes) std::uint32_t offsets[choices::rounded(row_size)];
    alignas(Bytes) T slopes[row_size];
    alignas(Bytes) T lines[height * line];
    for (std::size_t row = 0; row < rows * pooled_height; ++row) {
      const std::size_t at = row * row_size;
      const std::size_t image_row = row % pooled_height * Size;
      T* image = dx + row / pooled_height * Window.input.size();
      if (image_row == 0) {
        std::fill_n(lines, height * line, T{0});
      }
      elementwise<isa::simd<Bytes>>::template backward<Activation>(row_size, y + at, y + at,
                                                                   dy + at, slopes);
      choices::template find<Size, -static_cast<std::uint32_t>(padded), field>(
          row_size, chosen + at, bases, offsets);
      for (std::size_t column = 0; column < pooled_width; ++column) {
        const std::size_t from = column * Filters + first;
        in_blocks<height, block.height>([&](std::size_t i, auto block_rows) {
          in_blocks<vectors, block.width>([&](std::size_t v, auto block_vectors) {
            add_products<Count, block_rows, block_vectors>(
                slopes + from, offsets + from, packed + i * padded + v * lanes,
                lines + i * line + column * Size * channels + v * lanes);
          });
        });
      }
      if (image_row + Size < Window.output_height) {
        give_lines(first > 0, image_row, Size, lines, image);
        std::copy(lines + Size * line, lines + height * line, lines);
        std::fill_n(lines + (height - Size) * line, Size * line, T{0});
      } else {
        give_lines(first > 0, image_row, height, lines, image);
      }
    }
  }

  /// Whether each element of the image is seen by some window.
  static constexpr bool sees_all =
      Window.covered_height() - Window.pad_top >= Window.input.height &&
      Window.covered_width() - Window.pad_left >= Window.input.width;

public:
  /// About what it takes of the stack.
  static constexpr std::size_t bytes =
      (Size * field * filter_block + above + height * line + 3 * row_size) * sizeof(T);

  template <class Activation>
  static void run_on(std::size_t rows, const T* y, const T* dy, const std::uint8_t* chosen,
                     const T* weights, T* dx) {
    if constexpr (!sees_all) {
      std::fill_n(dx, rows * Window.input.size(), T{0});
    }
    in_blocks<Filters, filter_block>([&](std::size_t first, auto count) {
      run_on_filters<Activation, count>(rows, first, y, dy, chosen, weights, dx);
    });
  }
};

} // namespace mote::kernels
