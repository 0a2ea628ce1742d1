// The constants of a layer of weighted sums in the order in which lane_sums
// reads them.
#pragma once

#include <mote/kernels/scalar32/lanes.hpp>
#include <mote/kernels/scalar32/requantize.hpp>
#include <mote/kernels/unrolled.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace mote::kernels::scalar32 {

/// `Outputs` sums over Rows x Columns inputs each, the weights of `Constants`
/// being [Outputs][Rows][Columns].
template <class Rounding, class Constants, std::size_t Outputs, std::size_t Rows,
          std::size_t Columns>
struct packed_product {
  using codes_type = codes<Rounding, Constants>;
  using channel_type = typename codes_type::channel_type;
  static constexpr std::size_t pairs = (Outputs + 1) / 2;
  static constexpr std::int32_t sign = codes_type::sign;
  static constexpr bool has_starts = codes_type::sums_have_bias;

  /// In one block. Where little is gained from a third pair, no rest in a block
  /// of its own, whose code is as long again.
  static constexpr std::size_t block_pairs = is_unrolled<Rows, Columns> && Outputs % 4 == 0
                                                 ? std::min<std::size_t>(2, most_pairs)
                                                 : most_pairs;

  static constexpr std::size_t window_rows = Rows;
  static constexpr std::size_t window_columns = Columns;
  /// As lane_sums goes over them.
  static constexpr bool is_in_one_row = is_unrolled<Rows, Columns>;
  static constexpr std::size_t rows = is_in_one_row ? 1 : Rows;
  static constexpr std::size_t columns = Rows * Columns / rows;

  /// Only where there is code of its own for each column.
  static constexpr auto groups = [] {
    if constexpr (is_in_one_row) {
      return lane_groups<columns>::of(Constants::value.weights.data(), Outputs);
    } else {
      return lane_groups<1>{};
    }
  }();
  static constexpr std::size_t group_size_at(std::size_t at) {
    return is_in_one_row ? groups.size_at(at) : std::min<std::size_t>(2, columns - at);
  }

  /// How much more is in lane_sum::words after all columns.
  static constexpr std::uint32_t excess = [] {
    std::uint32_t splits = 0; // of groups with more than one column
    for (std::size_t at = 0; at + 1 < columns; at += group_size_at(at)) {
      ++splits;
    }
    return static_cast<std::uint32_t>(rows) * splits * split_excess;
  }();

  static constexpr bool fits =
      codes_type::fits && fits_lane(Constants::value.weights.data(), Outputs* Rows* Columns);

  /// What the sums of a pair begin with.
  struct start {
    std::uint32_t words;
    std::uint32_t uppers;
  };
  static constexpr start start_of(std::size_t pair) {
    const auto of = [](std::size_t output) -> std::uint32_t {
      if constexpr (has_starts) {
        return output < Outputs ? static_cast<std::uint32_t>(codes_type::start(output)) : 0;
      } else {
        return 0;
      }
    };
    return {of(2 * pair) + of(2 * pair + 1) * 0x10000 - excess, of(2 * pair + 1)};
  }

  /// Of each `block_pairs` pairs of outputs their starts, if there are any, less
  /// `excess`, and [rows][groups of columns][pairs][columns of the group].
  static constexpr auto words = [] {
    std::array<std::uint32_t, pairs*(Rows * Columns + (has_starts ? 2 : 0))> packed{};
    const auto weight = [](std::size_t output, std::size_t i) -> std::int32_t {
      return output < Outputs ? sign * Constants::value.weights[output * Rows * Columns + i] : 0;
    };
    std::size_t at = 0;
    for (std::size_t first = 0; first < pairs; first += block_pairs) {
      const std::size_t last = std::min(first + block_pairs, pairs);
      for (std::size_t q = first; has_starts && q < last; ++q) {
        packed[at++] = start_of(q).words;
        packed[at++] = start_of(q).uppers;
      }
      for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t column = 0; column < columns; column += group_size_at(column)) {
          for (std::size_t q = first; q < last; ++q) {
            for (std::size_t c = column; c < column + group_size_at(column); ++c) {
              const std::size_t i = is_in_one_row ? groups.order[c % columns] : row * columns + c;
              packed[at++] = pack_lanes(weight(2 * q, i), weight(2 * q + 1, i));
            }
          }
        }
      }
    }
    return packed;
  }();

  static constexpr auto channels = [] {
    std::array<channel_type, Outputs> result{};
    for (std::size_t o = 0; o < Outputs; ++o) {
      result[o] = codes_type::at(o);
    }
    return result;
  }();

  static constexpr std::size_t flash_bytes = sizeof words + sizeof channels;

  /// Writes all outputs for `Inputs` inputs. set_sums.template
  /// operator()<Count>(w, sums) has to set Count sums of each from the words of
  /// (Count + 1) / 2 pairs and move w behind them.
  template <std::size_t Inputs = 1, class F>
  [[gnu::always_inline]] static constexpr void for_all(std::int8_t* y, F&& set_sums) {
    constexpr std::size_t most = 2 * block_pairs;
    constexpr std::size_t rest = Outputs % most;
    const std::uint32_t* w = opaque(words.data());
    const channel_type* c = opaque(channels.data());
    for (std::size_t o = 0; o + most <= Outputs; o += most) {
      block<Inputs, most>(w, c, y, set_sums);
    }
    if constexpr (rest > 0) {
      block<Inputs, rest>(w, c, y, set_sums);
    }
  }

private:
  template <std::size_t Inputs, std::size_t Count, class F>
  [[gnu::always_inline]] static constexpr void
  block(const std::uint32_t*& w, const channel_type*& c, std::int8_t*& y, F& set_sums) {
    std::int32_t sums[Inputs][Count]{};
    set_sums.template operator()<Count>(w, sums);
    unrolled<Count>([&](auto i) __attribute__((always_inline)) {
      if constexpr (Inputs > 1) {
        stay_in_order();
      }
      std::int8_t code[Inputs];
      // All before the first is stored, since GCC does not know that the channel stays the same.
      unrolled<Inputs>([&](auto p) __attribute__((always_inline)) {
        code[p] = codes_type::code(sums[p][i], *c);
      });
      unrolled<Inputs>([&](auto p) { y[p * Outputs] = code[p]; });
      ++c;
      ++y;
    });
  }
};

} // namespace mote::kernels::scalar32
