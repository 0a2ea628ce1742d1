// Convolutions in registers: a block of sums is kept while all taps, or all positions, run past it.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/conv2d.hpp>
#include <mote/kernels/vector/blocks.hpp>
#include <mote/kernels/vector/depthwise_conv2d.hpp>
#include <mote/kernels/vector/lanes.hpp>
#include <mote/kernels/vector/planar_conv2d.hpp>
#include <mote/kernels/vector/strip.hpp>
#include <mote/kernels/vector/vector.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace mote::kernels {

/// The weights are packed on the stack, a block of filters at a time: as [tap][filter] where the
/// lanes are filters, as [kernel row][filter][column and channel] where the lanes are inputs.
template <std::size_t Bytes>
struct conv2d<isa::simd<Bytes>> {
private:
  using meaning = conv2d<isa::generic>;
  using machine = isa::simd<Bytes>;

  template <class T, std::size_t Count>
  using packing = register_packing<Bytes, T, Count>;

  static constexpr std::size_t block_sums = kernels::block_sums<Bytes>;

  /// Filters whose sums are kept together: two registers, that each input serves both.
  template <class T>
  static constexpr std::size_t filter_block = 2 * Bytes / sizeof(T);

  /// Rows x Columns positions from `x` on, for Count filters: y[position] = bias + sum over taps of
  /// x[position + tap] weights[tap].
  template <class Strip, std::size_t Filters, std::size_t Count, std::size_t Rows,
            std::size_t Columns, class T>
  [[gnu::always_inline]] static inline void forward_block(const T* x, const T* weights,
                                                          const T* bias, T* y) {
    using pack = packing<T, Count>;
    constexpr std::size_t lanes = pack::lanes;
    constexpr std::size_t last = Count - (pack::vectors - 1) * lanes;
    vector<T, lanes> sums[Rows * Columns][pack::vectors];
    unrolled<pack::vectors>([&](auto v) {
      const vector<T, lanes> start = load<T, lanes>(bias + v * lanes);
      unrolled<Rows * Columns>([&](auto p) { sums[p][v] = start; });
    });
    for (std::size_t ky = 0; ky < Strip::kernel_height; ++ky) {
      const T* from = x + ky * Strip::line;
      for (std::size_t t = 0; t < Strip::run; ++t) {
        from = opaque_pointer(from);
        vector<T, lanes> w[pack::vectors];
        unrolled<pack::vectors>([&](auto v) { w[v] = load<T, lanes>(weights + v * lanes); });
        unrolled<Rows * Columns>([&](auto p) {
          constexpr std::size_t at = p / Columns * Strip::row_step + p % Columns * Strip::step;
          const vector<T, lanes> value = broadcast<T, lanes>(from[at]);
          unrolled<pack::vectors>([&](auto v) { sums[p][v] += value * w[v]; });
        });
        weights += pack::padded;
        ++from;
      }
    }
    unrolled<Rows * Columns>([&](auto p) {
      T* to = y + (p / Columns * Strip::output_width + p % Columns) * Filters;
      unrolled<pack::vectors - 1>([&](auto v) { store<T, lanes>(to + v * lanes, sums[p][v]); });
      store_part<lanes, last>(to + (pack::vectors - 1) * lanes, sums[p][pack::vectors - 1]);
    });
  }

  /// The filters [first, first + Count) on all images.
  template <class Activation, window Window, std::size_t Filters, std::size_t Count, class T>
  static void forward_filters(std::size_t rows, std::size_t first, const T* x, const T* weights,
                              const T* bias, T* y) {
    using pack = packing<T, Count>;
    using strip = image_strip<Window, pack::padded, T>;
    constexpr tile block{strip::rows, strip::output_width, block_sums / pack::vectors};
    alignas(Bytes) T packed[strip::taps * pack::padded];
    alignas(Bytes) T packed_bias[pack::padded]{};
    pack_filters<Bytes, Count, strip::taps>(weights + first * strip::taps, packed);
    if (bias != nullptr) {
      std::copy_n(bias + first, Count, packed_bias);
    }
    strip::for_each(rows, [&](std::size_t image, std::size_t row, std::size_t height, auto& lines) {
      const T* from = lines.read(x + image * Window.input.size(), row, height);
      T* to = y + (image * Window.positions() + row * strip::output_width) * Filters + first;
      in_blocks_of<block.height>(height, [&](std::size_t r, auto block_rows) {
        in_blocks<strip::output_width, block.width>([&](std::size_t column, auto block_columns) {
          forward_block<strip, Filters, Count, block_rows, block_columns>(
              from + r * strip::row_step + column * strip::step, packed, packed_bias,
              to + (r * strip::output_width + column) * Filters);
        });
      });
      // Where the compiler vectorizes it, over all that has just been written.
      constexpr bool whole = Count == Filters;
      for (std::size_t p = 0; p < (whole ? 1 : height * strip::output_width); ++p) {
        for (std::size_t i = 0; i < (whole ? height * strip::output_width * Filters : Count); ++i) {
          to[p * Filters + i] = Activation::apply(to[p * Filters + i]);
        }
      }
    });
  }

  /// Adds to Rows x Columns taps of a filter block the products of all positions of a strip:
  /// sums[tap] += x[position + tap] dy[position].
  template <class Strip, std::size_t Stride, std::size_t Count, std::size_t Rows,
            std::size_t Columns, class T>
  [[gnu::always_inline]] static inline void parameter_gradient_block(std::size_t height, const T* x,
                                                                     const T* dy, T* sums) {
    using pack = packing<T, Count>;
    constexpr std::size_t lanes = pack::lanes;
    const auto at = [&](auto tap, auto v) __attribute__((always_inline)) {
      return sums + (tap / Columns * Strip::run + tap % Columns) * pack::padded + v * lanes;
    };
    vector<T, lanes> local[Rows * Columns][pack::vectors];
    unrolled<Rows * Columns>([&](auto tap) {
      unrolled<pack::vectors>([&](auto v) { local[tap][v] = load<T, lanes>(at(tap, v)); });
    });
    for (std::size_t row = 0; row < height; ++row) {
      const T* from = x + row * Strip::row_step;
      for (std::size_t column = 0; column < Strip::output_width; ++column) {
        from = opaque_pointer(from);
        vector<T, lanes> slopes[pack::vectors];
        unrolled<pack::vectors>([&](auto v) { slopes[v] = load<T, lanes>(dy + v * lanes); });
        unrolled<Rows * Columns>([&](auto tap) {
          constexpr std::size_t offset = tap / Columns * Strip::line + tap % Columns;
          const vector<T, lanes> value = broadcast<T, lanes>(from[offset]);
          unrolled<pack::vectors>([&](auto v) { local[tap][v] += value * slopes[v]; });
        });
        from += Strip::step;
        dy += Stride;
      }
    }
    unrolled<Rows * Columns>([&](auto tap) {
      unrolled<pack::vectors>([&](auto v) { store<T, lanes>(at(tap, v), local[tap][v]); });
    });
  }

  template <window Window, std::size_t Filters, std::size_t Count, class T>
  static void parameter_gradient_of_filters(std::size_t rows, std::size_t first, const T* x,
                                            const T* dy, T* weight_gradient, T* bias_gradient) {
    using pack = packing<T, Count>;
    using strip = image_strip<Window, pack::padded, T>;
    constexpr tile block{strip::kernel_height, strip::run, block_sums / pack::vectors};
    // Slopes whose filters do not fill their registers are copied apart, for only whole registers
    // are loaded fast.
    constexpr bool whole = pack::padded == Count;
    constexpr std::size_t stride = whole ? Filters : pack::padded;
    alignas(Bytes) T packed[whole ? 1 : strip::rows * strip::output_width * pack::padded]{};
    alignas(Bytes) T sums[strip::taps * pack::padded]{};
    alignas(Bytes) T bias_sums[pack::padded]{};
    strip::for_each(rows, [&](std::size_t image, std::size_t row, std::size_t height, auto& lines) {
      const std::size_t positions = height * strip::output_width;
      const T* from = lines.read(x + image * Window.input.size(), row, height);
      const T* slopes =
          dy + (image * Window.positions() + row * strip::output_width) * Filters + first;
      if constexpr (!whole) {
        for (std::size_t p = 0; p < positions; ++p) {
          std::copy_n(slopes + p * Filters, Count, packed + p * stride);
        }
        slopes = packed;
      }
      add_rows<Bytes, stride, Count>(positions, slopes, bias_sums);
      in_blocks<strip::kernel_height, block.height>([&](std::size_t ky, auto block_rows) {
        in_blocks<strip::run, block.width>([&](std::size_t t, auto block_columns) {
          parameter_gradient_block<strip, stride, Count, block_rows, block_columns>(
              height, from + ky * strip::line + t, slopes,
              sums + (ky * strip::run + t) * pack::padded);
        });
      });
    });
    for (std::size_t f = 0; f < Count; ++f) {
      for (std::size_t t = 0; t < strip::taps; ++t) {
        weight_gradient[(first + f) * strip::taps + t] = sums[t * pack::padded + f];
      }
    }
    if (bias_gradient != nullptr) {
      std::copy_n(bias_sums, Count, bias_gradient + first);
    }
  }

  /// What Columns outputs side by side hand back to a line of the image through Count filters, in
  /// Vectors registers for each: through the kernel rows that see the line, of the outputs in the
  /// row `dy` and those above it.
  template <class Strip, std::size_t Filters, std::size_t Count, std::size_t Vectors,
            std::size_t Columns, class T>
  [[gnu::always_inline]] static inline void
  input_gradient_block(const typename Strip::seen_by& rows, const T* dy, const T* weights,
                       T* parts) {
    using pack = packing<T, Strip::run>;
    constexpr std::size_t lanes = pack::lanes;
    vector<T, lanes> sums[Columns][Vectors]{};
    for (std::size_t ky = rows.first; ky < rows.last; ky += Strip::stride) {
      const T* panel = weights + ky * Count * pack::padded;
      for (std::size_t f = 0; f < Count; ++f) {
        vector<T, lanes> w[Vectors];
        unrolled<Vectors>([&](auto v) { w[v] = load<T, lanes>(panel + v * lanes); });
        unrolled<Columns>([&](auto p) {
          const vector<T, lanes> slope = broadcast<T, lanes>(dy[p * Filters + f]);
          unrolled<Vectors>([&](auto v) { sums[p][v] += slope * w[v]; });
        });
        panel += pack::padded;
      }
      dy -= Strip::output_width * Filters;
    }
    unrolled<Columns>([&](auto p) {
      unrolled<Vectors>(
          [&](auto v) { store<T, lanes>(parts + p * pack::padded + v * lanes, sums[p][v]); });
    });
  }

  /// Adds to a line of the image the parts that the outputs first ... last - 1 hand back to it. Not
  /// inlined: GCC would keep the sums that the parts come from in memory.
  template <class Strip, class T>
  [[gnu::noinline]] static void add_parts(std::size_t first, std::size_t last, const T* parts,
                                          T* line) {
    using pack = packing<T, Strip::channels>;
    constexpr std::size_t lanes = pack::lanes;
    constexpr std::size_t left_over = Strip::channels - (pack::vectors - 1) * lanes;
    constexpr std::size_t size = packing<T, Strip::run>::padded;
    for (std::size_t column = Strip::first_seen_by(first); column < Strip::last_seen_by(last - 1);
         ++column) {
      const auto seen_by = Strip::column_seen_by(column, first, last);
      const T* from = parts + (seen_by.output - first) * size;
      vector<T, lanes> sums[pack::vectors]{};
      for (std::size_t kx = seen_by.first; kx < seen_by.last; kx += Strip::stride) {
        unrolled<pack::vectors>(
            [&](auto v) { sums[v] += load<T, lanes>(from + kx * Strip::channels + v * lanes); });
        from -= size;
      }
      T* to = line + column * Strip::channels;
      unrolled<pack::vectors - 1>([&](auto v) { add_part<lanes, lanes>(to + v * lanes, sums[v]); });
      add_part<lanes, left_over>(to + (pack::vectors - 1) * lanes, sums[pack::vectors - 1]);
    }
  }

  template <window Window, std::size_t Filters, std::size_t Count, class T>
  static void input_gradient_of_filters(std::size_t rows, std::size_t first, const T* dy,
                                        const T* weights, T* dx) {
    using strip = image_strip<Window, Count, T>;
    using pack = packing<T, strip::run>;
    constexpr std::size_t vectors = even_block(pack::vectors, machine::registers == 32 ? 4 : 2);
    // Outputs whose parts take half of a first-level cache of 32 KB.
    constexpr std::size_t outputs = even_block(
        strip::output_width, std::max<std::size_t>(16 * 1024 / (pack::padded * sizeof(T)), 1));
    alignas(Bytes) T packed[strip::kernel_height * Count * pack::padded];
    for (std::size_t ky = 0; ky < strip::kernel_height; ++ky) {
      for (std::size_t f = 0; f < Count; ++f) {
        const T* from = weights + (first + f) * strip::taps + ky * strip::run;
        T* to = packed + (ky * Count + f) * pack::padded;
        std::fill(std::copy_n(from, strip::run, to), to + pack::padded, T{0});
      }
    }
    alignas(Bytes)
        T parts[outputs * pack::padded + Bytes / sizeof(T)]{}; // more is read than written
    for (std::size_t at = 0; at < rows * Window.input.height; ++at) {
      const std::size_t image = at / Window.input.height;
      const auto seen_by = strip::row_seen_by(at % Window.input.height);
      const std::size_t row = image * Window.output_height + seen_by.output;
      const T* slopes = dy + row * strip::output_width * Filters + first;
      in_blocks<strip::output_width, outputs>([&](std::size_t output, auto count) {
        constexpr std::size_t columns = even_block(count, block_sums / vectors);
        in_blocks<pack::vectors, vectors>([&](std::size_t v, auto block_vectors) {
          in_blocks<count, columns>([&](std::size_t column, auto block_columns) {
            input_gradient_block<strip, Filters, Count, block_vectors, block_columns>(
                seen_by, slopes + (output + column) * Filters, packed + v * pack::lanes,
                parts + column * pack::padded + v * pack::lanes);
          });
        });
        add_parts<strip>(output, output + count, parts,
                         dx + at * Window.input.width * strip::channels);
      });
    }
  }

  /// Whether each channel has one filter of its own.
  template <window Window, std::size_t Filters, std::size_t Groups>
  static constexpr bool is_depthwise =
      Groups > 1 && Filters == Groups&& Window.input.channels == Groups;

  /// Whether there is a fast way: not for groups of a few channels, nor where a block of weights
  /// and a strip would take more than a megabyte of the stack.
  template <window Window, std::size_t Filters, std::size_t Groups, class T>
  static constexpr bool is_fast = [] {
    using pack = packing<T, std::min(Filters, filter_block<T>)>;
    using strip = image_strip<Window, pack::padded, T>;
    const std::size_t bytes = strip::taps * pack::padded * sizeof(T) + strip::bytes_of(strip::rows);
    return is_depthwise<Window, Filters, Groups> || (Groups == 1 && bytes <= 1024 * 1024);
  }();

public:
  template <class Activation, window Window, std::size_t Filters, std::size_t Groups, class T>
  static constexpr void forward(std::size_t rows, const T* x, const T* weights,
                                std::type_identity_t<const T*> bias, T* y) {
    if (std::is_constant_evaluated() || !is_fast<Window, Filters, Groups, T>) {
      return meaning::template forward<Activation, Window, Filters, Groups>(rows, x, weights, bias,
                                                                            y);
    }
    if constexpr (is_depthwise<Window, Filters, Groups>) {
      depthwise_conv2d<Bytes, Window, T>::template forward<Activation>(rows, x, weights, bias, y);
    } else if constexpr (planar_conv2d<Bytes, Window, Filters, T>::pays) {
      planar_conv2d<Bytes, Window, Filters, T>::template forward<Activation>(rows, x, weights, bias,
                                                                             y);
    } else if constexpr (is_fast<Window, Filters, Groups, T>) {
      in_blocks<Filters, filter_block<T>>([&](std::size_t first, auto count) {
        forward_filters<Activation, Window, Filters, count>(rows, first, x, weights, bias, y);
      });
    }
  }

  template <window Window, std::size_t Filters, std::size_t Groups, class T>
  static constexpr void parameter_gradient(std::size_t rows, const T* x, const T* dy,
                                           T* weight_gradient,
                                           std::type_identity_t<T*> bias_gradient) {
    if (std::is_constant_evaluated() || !is_fast<Window, Filters, Groups, T>) {
      return meaning::template parameter_gradient<Window, Filters, Groups>(
          rows, x, dy, weight_gradient, bias_gradient);
    }
    if constexpr (is_depthwise<Window, Filters, Groups>) {
      depthwise_conv2d<Bytes, Window, T>::parameter_gradient(rows, x, dy, weight_gradient,
                                                             bias_gradient);
    } else if constexpr (planar_conv2d<Bytes, Window, Filters, T>::pays) {
      planar_conv2d<Bytes, Window, Filters, T>::parameter_gradient(rows, x, dy, weight_gradient,
                                                                   bias_gradient);
    } else if constexpr (is_fast<Window, Filters, Groups, T>) {
      in_blocks<Filters, filter_block<T>>([&](std::size_t first, auto count) {
        parameter_gradient_of_filters<Window, Filters, count>(rows, first, x, dy, weight_gradient,
                                                              bias_gradient);
      });
    }
  }

  template <window Window, std::size_t Filters, std::size_t Groups, class T>
  static constexpr void input_gradient(std::size_t rows, const T* dy, const T* weights, T* dx) {
    if (std::is_constant_evaluated() || !is_fast<Window, Filters, Groups, T>) {
      return meaning::template input_gradient<Window, Filters, Groups>(rows, dy, weights, dx);
    }
    if constexpr (is_depthwise<Window, Filters, Groups>) {
      depthwise_conv2d<Bytes, Window, T>::input_gradient(rows, dy, weights, dx);
    } else if constexpr (is_fast<Window, Filters, Groups, T>) {
      std::fill_n(dx, rows * Window.input.size(), T{0});
      in_blocks<Filters, filter_block<T>>([&](std::size_t first, auto count) {
        input_gradient_of_filters<Window, Filters, count>(rows, first, dy, weights, dx);
      });
    }
  }
};

} // namespace mote::kernels
