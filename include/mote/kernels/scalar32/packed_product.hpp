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

  static constexpr bool fits = codes_type::numbers::fits &&
                               fits_lane(Constants::value.weights.data(), Outputs* Rows* Columns);

  /// Of each `most_pairs` pairs of outputs [Rows][Columns / 2][pairs][2], each
  /// row followed by an odd column's [pairs].
  static constexpr auto words = [] {
    std::array<std::uint32_t, pairs * Rows * Columns> packed{};
    const auto weight = [](std::size_t output, std::size_t i) -> std::int32_t {
      return output < Outputs ? Constants::value.weights[output * Rows * Columns + i] : 0;
    };
    constexpr std::size_t rows = is_unrolled<Rows, Columns> ? 1 : Rows;
    constexpr std::size_t columns = Rows * Columns / rows;
    std::size_t at = 0;
    for (std::size_t first = 0; first < pairs; first += most_pairs) {
      for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t column = 0; column < columns; column += 2) {
          for (std::size_t q = first; q < std::min(first + most_pairs, pairs); ++q) {
            for (std::size_t c = column; c < std::min(column + 2, columns); ++c) {
              const std::size_t i = row * columns + c;
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

  /// Writes all outputs. largest_sums.template operator()<Count>(w, sums) has
  /// to set Count sums from the words of (Count + 1) / 2 pairs and move w
  /// behind them.
  template <class F>
  [[gnu::always_inline]] static constexpr void for_all(std::int8_t* y, F&& largest_sums) {
    constexpr std::size_t most = 2 * most_pairs;
    constexpr std::size_t rest = Outputs % most;
    const std::uint32_t* w = opaque(words.data());
    const channel_type* c = opaque(channels.data());
    for (std::size_t o = 0; o + most <= Outputs; o += most) {
      block<most>(w, c, y, largest_sums);
    }
    if constexpr (rest > 0) {
      block<rest>(w, c, y, largest_sums);
    }
  }

private:
  template <std::size_t Count, class F>
  [[gnu::always_inline]] static constexpr void
  block(const std::uint32_t*& w, const channel_type*& c, std::int8_t*& y, F& largest_sums) {
    std::int32_t sums[Count]{};
    largest_sums.template operator()<Count>(w, sums);
    unrolled<Count>([&](auto i)
                        __attribute__((always_inline)) { *y++ = codes_type::code(sums[i], *c++); });
  }
};

} // namespace mote::kernels::scalar32
