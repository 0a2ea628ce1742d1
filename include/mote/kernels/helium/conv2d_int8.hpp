// The quantized convolution with constant weights by Arm's vector extension for microcontrollers.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/policy.hpp>
#include <mote/core/tensor.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/conv2d_int8.hpp>
#include <mote/kernels/helium/instructions.hpp>
#include <mote/kernels/helium/requantize.hpp>
#include <mote/kernels/helium/window_pieces.hpp>
#include <mote/kernels/unrolled.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels {

namespace helium {

/// What the kernels keep of a layer's constants, in the order in which they read them.
template <class Rounding, window Window, std::size_t Filters, std::size_t Groups, class Constants>
struct convolution_table {
  using pieces = window_pieces<Window, Groups>;
  using scaling = requantization<Rounding, Constants>;

  std::array<typename scaling::group, scaling::groups> groups;
  /// For each four filters, for each piece, the weights of each of them. The vector that is loaded
  /// for the last piece reaches beyond them.
  std::array<std::int8_t, Filters * pieces::terms + lanes - pieces::list.back().count> weights;
  /// What images are padded with, as many bytes of it as needed and then zeros.
  std::array<std::int8_t, pieces::is_padded ? pieces::most + lanes - pieces::least : 0> padding;

  static consteval convolution_table make() {
    convolution_table result{};
    result.groups = scaling::make_groups();
    std::int8_t* to = result.weights.data();
    const std::int8_t* from = Constants::value.weights.data();
    for (std::size_t o = 0; o < Filters; o += 4) {
      for (const piece& part : pieces::list) {
        for (std::size_t f = o; f < std::min(o + 4, Filters); ++f) {
          to = std::copy_n(from + f * pieces::terms + part.first, part.count, to);
        }
      }
    }
    if constexpr (pieces::is_padded) {
      std::fill_n(result.padding.data(), pieces::most,
                  static_cast<std::int8_t>(scaling::constants::input_zero_point));
    }
    return result;
  }
};

/// One layer's convolution, see conv2d_int8. Sums over the window are horizontal sums of vectors of
/// products, four filters share what is loaded of the image, and padding is what a load leaves out.
template <class Rounding, window Window, std::size_t Filters, std::size_t Groups, std::size_t Pool,
          class Constants>
struct convolution {
  using table = convolution_table<Rounding, Window, Filters, Groups, Constants>;
  using pieces = typename table::pieces;
  using scaling = typename table::scaling;
  static constexpr table constants = table::make();
  static constexpr std::size_t filters_of_group = Filters / Groups;
  /// Of the loop over few pieces nothing is left.
  static constexpr bool is_small = pieces::size <= 4;
  /// Long runs of inputs need no offsets and no masks.
  static constexpr bool streams =
      !is_small && !pieces::gathers && !pieces::is_padded && Groups == 1;
  /// Over pieces, whose list is then in flash.
  static constexpr bool loops = !is_small && !streams;

  // A function of its own, so that its registers are not those of the whole network on the stack.
  [[gnu::noinline]] static constexpr void forward(std::size_t rows, const std::int8_t* x,
                                                  std::int8_t* y) {
    constexpr std::size_t rest = Filters % 4;
    for (std::size_t image = 0; image < rows; ++image) {
      for (std::size_t o = 0; o + 4 <= Filters; o += 4) {
        filters<4>(x, o, y + o);
      }
      if constexpr (rest > 0) {
        filters<rest>(x, Filters - rest, y + Filters - rest);
      }
      x += Window.input.size();
      y += (Window.output_height / Pool) * (Window.output_width / Pool) * Filters;
    }
  }

private:
  /// The vectors of windows of one piece stay in registers for all positions.
  static constexpr bool is_single = pieces::size == 1;
  /// And so do the numbers of their filters, where there are registers left.
  static constexpr bool keeps_numbers = is_single && !pieces::gathers && !pieces::is_padded;
  template <std::size_t Rows>
  struct kept {
    bytes weights[is_single ? Rows : 1];
    offsets within;
    bytes padding;
  };

  template <std::size_t Rows>
  [[gnu::always_inline]] static constexpr kept<Rows> keep(const std::int8_t* weights) {
    kept<Rows> result{};
    if constexpr (is_single) {
      unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
        result.weights[r] = load_bytes(weights + r * pieces::terms);
      });
      if constexpr (pieces::gathers) {
        result.within = load_offsets(pieces::offsets_within[0].data());
      }
      if constexpr (pieces::is_padded) {
        result.padding = padding_of(pieces::terms);
      }
    }
    return result;
  }

  /// What `count` inputs are beyond the border, and then zeros.
  [[gnu::always_inline]] static constexpr bytes padding_of(std::size_t count) {
    return load_bytes(constants.padding.data() + pieces::most - count);
  }

  /// All windows whose first row is the same.
  struct line {
    const std::int8_t* image;
    std::size_t at; ///< the first input of the first window, which may lie before the image
    const lane_mask* masks;
  };
  [[gnu::always_inline]] static constexpr line line_at(const std::int8_t* x, std::size_t row) {
    const std::size_t at =
        ((row * Window.stride - Window.pad_top) * Window.input.width - Window.pad_left) *
        Window.input.channels;
    if constexpr (pieces::is_padded) {
      return {x, at, apart(pieces::row_masks[pieces::rows.kind(row)].data())};
    } else {
      return {x, at, nullptr};
    }
  }

  /// A window on an image, from the channels of one group on.
  struct place {
    const std::int8_t* image;
    std::size_t at;
    const lane_mask* row_masks;
    const lane_mask* column_masks;
  };
  [[gnu::always_inline]] static constexpr place window_at(const line& from, std::size_t column) {
    const std::size_t at = from.at + column * Window.stride * Window.input.channels;
    if constexpr (pieces::is_padded) {
      return {from.image, at, from.masks,
              apart(pieces::column_masks[pieces::columns.kind(column)].data())};
    } else {
      return {from.image, at, nullptr, nullptr};
    }
  }

  /// The inputs of piece `k`, beyond its end zeros. `within` is what it gathers.
  [[gnu::always_inline]] static constexpr bytes load(const place& from, auto k, offsets within,
                                                     const auto& registers) {
    const piece part = pieces::list[k];
    const std::size_t at = from.at + part.offset;
    const auto load_some = [&](lane_mask mask) __attribute__((always_inline)) {
      if constexpr (pieces::gathers) {
        return gather_bytes(from.image, at, within, mask);
      } else {
        return load_bytes(from.image, at, mask);
      }
    };
    if constexpr (pieces::is_padded) {
      const auto mask = static_cast<lane_mask>(from.row_masks[k] & from.column_masks[k]);
      return select(load_some(mask), is_single ? registers.padding : padding_of(part.count), mask);
    } else if (part.count < lanes) {
      return load_some(first_lanes(part.count));
    } else if constexpr (pieces::gathers) {
      return gather_bytes(from.image, at, within);
    } else {
      return load_bytes(from.image + at);
    }
  }
  [[gnu::always_inline]] static constexpr offsets offsets_of(auto k, const auto& registers) {
    if constexpr (is_single || !pieces::gathers) {
      return registers.within;
    } else {
      return load_offsets(apart(pieces::offsets_within[k].data()));
    }
  }

  /// f(k) for each piece.
  template <class F>
  [[gnu::always_inline]] static constexpr void for_each_piece(F&& f) {
    if constexpr (!loops) {
      unrolled<pieces::size>(f);
    } else {
      for (std::size_t k = 0; k < pieces::size; ++k) {
        f(k);
      }
    }
  }

  /// The sums of Rows filters from `first` on, whose weights are at `weights`. Each may have inputs
  /// of its own.
  template <std::size_t Rows>
  [[gnu::always_inline]] static constexpr words sums_of(const place& from, std::size_t first,
                                                        const std::int8_t* weights,
                                                        const kept<Rows>& registers) {
    std::int32_t sums[4]{};
    if constexpr (!is_single) {
      weights = apart(weights);
    }
    for_each_piece([&](auto k) __attribute__((always_inline)) {
      [[maybe_unused]] const std::size_t count = pieces::list[k].count;
      const offsets within = offsets_of(k, registers);
      bytes inputs = load(from, k, within, registers);
      unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
        if constexpr (Groups > 1) {
          place group = from;
          group.at += (first + r) / filters_of_group * pieces::channels;
          inputs = load(group, k, within, registers);
        }
        if constexpr (is_single) {
          sums[r] = multiply_add(sums[r], inputs, registers.weights[r]);
        } else {
          const std::int8_t* row = weights + Rows * pieces::list[k].first + r * count;
          sums[r] = multiply_add(sums[r], inputs, load_bytes(row));
        }
      });
    });
    return make_words(sums[0], sums[1], sums[2], sums[3]);
  }

  /// The same where inputs need neither offsets nor masks.
  template <std::size_t Rows>
  [[gnu::always_inline]] static constexpr words streamed_sums(const place& from,
                                                              const std::int8_t* weights) {
    constexpr std::size_t rest = pieces::run % lanes;
    constexpr std::size_t line = Window.input.width * Window.input.channels;
    std::int32_t sums[4]{};
    const std::int8_t* x = from.image + from.at;
    for (std::size_t i = 0; i < Window.kernel_height; ++i) {
      if constexpr (pieces::run >= lanes) {
        add_rows<Rows>(sums, x, weights, pieces::run / lanes);
      }
      if constexpr (rest > 0) {
        const bytes inputs = load_bytes(x, 0, first_lanes(rest));
        unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
          sums[r] = multiply_add(sums[r], inputs, load_bytes(weights + r * rest));
        });
        weights += Rows * rest;
      }
      x += line - pieces::run / lanes * lanes;
    }
    return make_words(sums[0], sums[1], sums[2], sums[3]);
  }

  /// Rows filters from `first` on, on a whole image.
  template <std::size_t Rows>
  [[gnu::always_inline]] static constexpr void filters(const std::int8_t* x, std::size_t first,
                                                       std::int8_t* y) {
    const std::int8_t* weights = constants.weights.data() + first * pieces::terms;
    const auto registers = keep<Rows>(weights);
    const typename scaling::group& group = constants.groups[first / 4];
    const auto kept_numbers = scaling::load(group);
    const auto sums_at = [&](const line& from, std::size_t column) __attribute__((always_inline)) {
      if constexpr (streams) {
        return streamed_sums<Rows>(window_at(from, column), weights);
      } else {
        return sums_of<Rows>(window_at(from, column), first, weights, registers);
      }
    };
    for (std::size_t row = 0; row + Pool <= Window.output_height; row += Pool) {
      const line top = line_at(x, row);
      for (std::size_t column = 0; column + Pool <= Window.output_width; column += Pool) {
        words largest = sums_at(top, column);
        for (std::size_t i = 1; i < Pool * Pool; ++i) {
          largest = larger(largest, sums_at(line_at(x, row + i / Pool), column + i % Pool));
        }
        if constexpr (keeps_numbers) {
          store_bytes<Rows>(y, scaling::codes(largest, kept_numbers));
        } else {
          store_bytes<Rows>(y, scaling::codes(largest, scaling::load(*apart(&group))));
        }
        y += Filters;
      }
    }
  }
};

/// All layers whose sums have 32 bits.
struct constant_conv2d_int8 {
  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool, class Constants>
  static constexpr bool fits = requantization<Rounding, Constants>::fits;

  /// Of all that is kept instead of the layer's parameters.
  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool, class Constants>
  static constexpr std::size_t
      flash_bytes = sizeof(convolution_table<Rounding, Window, Filters, Groups, Constants>) +
                    window_pieces<Window, Groups>::flash_bytes(
                        convolution<Rounding, Window, Filters, Groups, Pool, Constants>::loops);

  template <class Rounding, window Window, std::size_t Filters, std::size_t Groups,
            std::size_t Pool, class Constants>
  static constexpr void forward(std::size_t rows, const std::int8_t* x, std::int8_t* y) {
    if (vectors_are_constexpr || !std::is_constant_evaluated()) {
      convolution<Rounding, Window, Filters, Groups, Pool, Constants>::forward(rows, x, y);
    } else {
      conv2d_int8<isa::generic>::forward<Rounding, Window, Filters, Groups, Pool>(
          rows, x, Constants::value.template view<none>(), y);
    }
  }
};

} // namespace helium

template <>
struct constant_conv2d_int8<isa::helium, balanced> : helium::constant_conv2d_int8 {};
template <>
struct constant_conv2d_int8<isa::helium, fastest> : helium::constant_conv2d_int8 {};

} // namespace mote::kernels
