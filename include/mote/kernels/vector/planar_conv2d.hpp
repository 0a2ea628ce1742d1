// Convolutions of one channel with a few filters, with the positions side by side in registers.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/vector/blocks.hpp>
#include <mote/kernels/vector/lanes.hpp>
#include <mote/kernels/vector/strip.hpp>
#include <mote/kernels/vector/vector.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>

namespace mote::kernels {

/// conv2d of images of one channel with stride 1. A strip is one long line: output p of it sees the
/// elements from p on, whatever its row. The few outputs at the end of each row whose windows reach
/// into the next one are computed too, and left out.
template <std::size_t Bytes, window Window, std::size_t Filters, class T>
struct planar_conv2d {
private:
  static constexpr std::size_t lanes = Bytes / sizeof(T);
  /// Filters as the exchange of positions and filters takes them.
  static constexpr std::size_t planes = std::bit_ceil(Filters);
  using strip = image_strip<Window, planes, T>;

  static constexpr std::size_t width = strip::output_width;
  static constexpr std::size_t line = strip::line;
  /// Elements of the outputs of a strip as one line, and as much more as is read or written with
  /// them.
  static constexpr std::size_t size = (strip::rows * line + lanes) * Filters + planes;

  static constexpr std::size_t block_sums = kernels::block_sums<Bytes>;

  static constexpr std::size_t positions_of(std::size_t height) {
    return (height - 1) * line + width;
  }

  /// The outputs of Vectors registers of positions from `x` on: for each register of positions one
  /// for each filter.
  template <std::size_t Vectors>
  [[gnu::always_inline]] static inline void forward_block(const T* x, const T* weights,
                                                          const T* bias, T* to) {
    vector<T, lanes> sums[Vectors][Filters];
    unrolled<Filters>([&](auto f) {
      const vector<T, lanes> start = broadcast<T, lanes>(bias != nullptr ? bias[f] : T{0});
      unrolled<Vectors>([&](auto v) { sums[v][f] = start; });
    });
    for (std::size_t ky = 0; ky < strip::kernel_height; ++ky) {
      const T* from = x + ky * line;
      for (std::size_t kx = 0; kx < strip::run; ++kx) {
        vector<T, lanes> values[Vectors];
        unrolled<Vectors>(
            [&](auto v) { values[v] = in_register<T, lanes>(load<T, lanes>(from + v * lanes)); });
        unrolled<Filters>([&](auto f) {
          const vector<T, lanes> w = broadcast<T, lanes>(weights[f * strip::taps]);
          unrolled<Vectors>([&](auto v) { sums[v][f] += values[v] * w; });
        });
        ++weights;
        ++from;
      }
    }
    unrolled<Vectors>([&](auto v) {
      unrolled<Filters>(
          [&](auto f) { store<T, lanes>(to + (v * Filters + f) * lanes, sums[v][f]); });
    });
  }

  /// The outputs position by position. Writes `planes` elements for the last one.
  static void join(std::size_t positions, const T* from, T* to) {
    constexpr std::size_t in_vector = lanes / planes;
    for (std::size_t p = 0; p < positions; p += lanes) {
      vector<T, lanes> some[planes]{};
      unrolled<Filters>([&](auto f) { some[f] = load<T, lanes>(from + f * lanes); });
      interleave<T, lanes, planes>(some);
      T* const first = to + std::min(p, positions - lanes) * Filters;
      unrolled<lanes>([&](auto i) {
        store<T, planes>(first + i * Filters,
                         part<i % in_vector * planes, planes, T, lanes>(some[i / in_vector]));
      });
      from += Filters * lanes;
    }
  }

  /// Adds to the sums of Taps taps of a kernel row the products with a strip. sums[tap][filter] is
  /// a register, and so are the slopes of a filter for `lanes` positions.
  template <std::size_t Taps>
  [[gnu::always_inline]] static inline void
  parameter_gradient_block(std::size_t positions, const T* x, const T* slopes, T* sums) {
    vector<T, lanes> local[Taps * Filters];
    unrolled<Taps * Filters>([&](auto i) { local[i] = load<T, lanes>(sums + i * lanes); });
    for (std::size_t p = 0; p < positions; p += lanes) {
      const T* from = x + std::min(p, positions - lanes);
      vector<T, lanes> values[Taps];
      unrolled<Taps>(
          [&](auto tap) { values[tap] = in_register<T, lanes>(load<T, lanes>(from + tap)); });
      unrolled<Filters>([&](auto f) {
        const auto slope = in_register<T, lanes>(load<T, lanes>(slopes + f * lanes));
        unrolled<Taps>([&](auto tap) { local[tap * Filters + f] += values[tap] * slope; });
      });
      slopes += Filters * lanes;
    }
    unrolled<Taps * Filters>([&](auto i) { store<T, lanes>(sums + i * lanes, local[i]); });
  }

  /// The slopes of a strip as one line, with zeros between the rows. The last register starts early
  /// enough to end with the strip; what it shares with the one before it is zero there, too.
  static void spread(std::size_t height, const T* dy, T* to) {
    const std::size_t positions = positions_of(height);
    for (std::size_t row = 0; row < height; ++row) {
      T* end = std::copy_n(dy + row * width * Filters, width * Filters, to + row * line * Filters);
      std::fill_n(end, (line - width) * Filters, T{0});
    }
    if (const std::size_t rest = positions % lanes; rest > 0) {
      T* last = to + (positions - rest) * Filters;
      std::copy_backward(last, last + rest * Filters, last + lanes * Filters);
      std::fill_n(last, (lanes - rest) * Filters, T{0});
    }
  }

public:
  /// Whether this is faster than to have the filters side by side: they would fill no more than
  /// half a register, and the outputs that are left out are few.
  static constexpr bool pays = Window.input.channels == 1 && Window.stride == 1 &&
                               2 * Filters <= lanes && width >= lanes && 4 * width >= 3 * line;

  template <class Activation>
  static void forward(std::size_t rows, const T* x, const T* weights, const T* bias, T* y) {
    constexpr std::size_t vectors = block_sums / Filters;
    alignas(Bytes) T outputs[(strip::rows * line + lanes) * Filters];
    alignas(Bytes) T spread_outputs[size];
    strip::for_each(rows, [&](std::size_t image, std::size_t row, std::size_t height, auto& lines) {
      const T* from = lines.read(x + image * Window.input.size(), row, height);
      const std::size_t positions = positions_of(height);
      std::size_t p = 0;
      for (; p + vectors * lanes <= positions; p += vectors * lanes) {
        forward_block<vectors>(from + p, weights, bias, outputs + p * Filters);
      }
      for (; p < positions; p += lanes) {
        forward_block<1>(from + std::min(p, positions - lanes), weights, bias,
                         outputs + p * Filters);
      }
      join(positions, outputs, spread_outputs);
      T* to = y + (image * Window.positions() + row * width) * Filters;
      for (std::size_t r = 0; r < height; ++r) {
        for (std::size_t i = 0; i < width * Filters; ++i) {
          to[r * width * Filters + i] = Activation::apply(spread_outputs[r * line * Filters + i]);
        }
      }
    });
  }

  static void parameter_gradient(std::size_t rows, const T* x, const T* dy, T* weight_gradient,
                                 T* bias_gradient) {
    constexpr std::size_t most = block_sums / Filters;
    constexpr std::size_t blocks = (strip::run + most - 1) / most;
    alignas(Bytes) T spread_slopes[size];
    alignas(Bytes) T slopes[(strip::rows * line + lanes) * Filters];
    alignas(Bytes) T sums[strip::taps * Filters * lanes]{};
    vector<T, lanes> bias_sums[planes]{};
    strip::for_each(rows, [&](std::size_t image, std::size_t row, std::size_t height, auto& lines) {
      const T* from = lines.read(x + image * Window.input.size(), row, height);
      const std::size_t positions = positions_of(height);
      spread(height, dy + (image * Window.positions() + row * width) * Filters, spread_slopes);
      for (std::size_t p = 0; p < positions; p += lanes) {
        vector<T, lanes> some[planes];
        unrolled<planes>([&](auto i) {
          some[i] = load_runs<T, lanes, planes, Filters>(spread_slopes +
                                                         (p + i * (lanes / planes)) * Filters);
        });
        deinterleave<T, lanes, planes>(some);
        unrolled<Filters>([&](auto f) {
          bias_sums[f] += some[f];
          store<T, lanes>(slopes + p * Filters + f * lanes, some[f]);
        });
      }
      for (std::size_t ky = 0; ky < strip::kernel_height; ++ky) {
        unrolled<blocks>([&](auto block) {
          constexpr std::size_t first = block * strip::run / blocks;
          constexpr std::size_t count = (block + 1) * strip::run / blocks - first;
          parameter_gradient_block<count>(positions, from + ky * line + first, slopes,
                                          sums + (ky * strip::run + first) * Filters * lanes);
        });
      }
    });
    for (std::size_t f = 0; f < Filters; ++f) {
      for (std::size_t t = 0; t < strip::taps; ++t) {
        const vector<T, lanes> sum = load<T, lanes>(sums + (t * Filters + f) * lanes);
        sums_of_lanes<1, T, lanes>(&sum, weight_gradient + f * strip::taps + t);
      }
      if (bias_gradient != nullptr) {
        sums_of_lanes<1, T, lanes>(bias_sums + f, bias_gradient + f);
      }
    }
  }
};

} // namespace mote::kernels
