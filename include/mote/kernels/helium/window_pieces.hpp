// How the kernels cut what a window sees of an image into vectors.
#pragma once

#include <mote/core/window.hpp>
#include <mote/kernels/helium/instructions.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace mote::kernels::helium {

/// Up to 16 consecutive terms of a sum over a window.
struct piece {
  std::size_t first;  ///< of its terms
  std::size_t count;  ///< of its terms
  std::size_t offset; ///< in the image, of its first input from the first of the window
};

/// Positions of a window along one axis, those together that see the same part of the kernel: the
/// first and the last few are clipped, each in its own way.
struct clipped_positions {
  std::size_t positions;
  std::size_t leading;
  std::size_t trailing;

  constexpr bool has_middle() const { return leading + trailing < positions; }
  constexpr std::size_t kinds() const { return has_middle() ? leading + 1 + trailing : positions; }
  [[gnu::always_inline]] constexpr std::size_t kind(std::size_t position) const {
    const std::size_t last_whole = positions - 1 - trailing;
    if (!has_middle() || position < leading) {
      return position;
    }
    return position > last_whole ? leading + position - last_whole : leading;
  }
  /// The first position of a kind.
  constexpr std::size_t position(std::size_t kind) const {
    return has_middle() && kind > leading ? positions - 1 - trailing + kind - leading : kind;
  }
};

/// The pieces of the sum over one group's channels. Inputs that lie together in memory are loaded
/// at once; if those are fewer than 16, a piece gathers inputs within 256 bytes.
template <window Window, std::size_t Groups>
struct window_pieces {
  static constexpr std::size_t channels = Window.input.channels / Groups;
  static constexpr std::size_t terms = Window.kernel_height * Window.kernel_width * channels;
  /// Inputs that lie together.
  static constexpr std::size_t run = Groups == 1 ? Window.kernel_width * channels : channels;
  static constexpr bool gathers = run < lanes && run < terms;
  static constexpr bool is_padded = Window.is_padded();

  /// Where in the kernel a term is, and in the image.
  static constexpr std::size_t row(std::size_t term) {
    return term / channels / Window.kernel_width;
  }
  static constexpr std::size_t column(std::size_t term) {
    return term / channels % Window.kernel_width;
  }
  static constexpr std::size_t offset(std::size_t term) {
    return (row(term) * Window.input.width + column(term)) * Window.input.channels +
           term % channels;
  }

  /// The piece that begins with term `first`.
  static constexpr piece from(std::size_t first) {
    std::size_t last = first + 1;
    if (gathers) {
      while (last < terms && last < first + lanes && offset(last) - offset(first) < 256) {
        ++last;
      }
    } else {
      last = std::min(first + lanes, (first / run + 1) * run);
    }
    return {first, last - first, offset(first)};
  }

  static constexpr std::size_t size = [] {
    std::size_t count = 0;
    for (std::size_t term = 0; term < terms; term += from(term).count) {
      ++count;
    }
    return count;
  }();

  static constexpr auto list = [] {
    std::array<piece, size> result{};
    std::size_t term = 0;
    for (piece& next : result) {
      next = from(term);
      term += next.count;
    }
    return result;
  }();

  /// Terms of the smallest piece, and of the largest.
  static constexpr std::size_t least = std::ranges::min(list, {}, &piece::count).count;
  static constexpr std::size_t most = std::ranges::max(list, {}, &piece::count).count;

  /// What the gathers of a piece take, from its offset on.
  static constexpr auto offsets_within = [] {
    std::array<std::array<std::uint8_t, lanes>, gathers ? size : 0> result{};
    for (std::size_t k = 0; k < result.size(); ++k) {
      for (std::size_t i = 0; i < list[k].count; ++i) {
        result[k][i] = static_cast<std::uint8_t>(offset(list[k].first + i) - list[k].offset);
      }
    }
    return result;
  }();

  static constexpr auto clipped = [](std::size_t positions, std::size_t kernel, auto overlap) {
    clipped_positions result{positions, 0, 0};
    for (std::size_t i = 0; i < positions; ++i) {
      result.leading += overlap(i).first > 0 ? 1 : 0;
      result.trailing += overlap(i).first == 0 && overlap(i).last < kernel ? 1 : 0;
    }
    return result;
  };
  static constexpr clipped_positions rows = clipped(
      Window.output_height, Window.kernel_height, [](std::size_t i) { return Window.rows_at(i); });
  static constexpr clipped_positions columns = clipped(
      Window.output_width, Window.kernel_width, [](std::size_t i) { return Window.columns_at(i); });

  /// Which terms of a piece are on the image, as far as rows are concerned or columns.
  template <clipped_positions Positions>
  using masks = std::array<std::array<lane_mask, is_padded ? size : 0>, Positions.kinds()>;

  template <clipped_positions Positions>
  static constexpr auto make_masks(auto overlap, auto element) {
    masks<Positions> result{};
    for (std::size_t kind = 0; kind < result.size(); ++kind) {
      const window::overlap visible = overlap(Positions.position(kind));
      for (std::size_t k = 0; k < result[kind].size(); ++k) {
        for (std::size_t i = 0; i < list[k].count; ++i) {
          const std::size_t at = element(list[k].first + i);
          const bool is_visible = at >= visible.first && at < visible.last;
          result[kind][k] = static_cast<lane_mask>(result[kind][k] | (is_visible ? 1 : 0) << i);
        }
      }
    }
    return result;
  }
  static constexpr auto row_masks =
      make_masks<rows>([](std::size_t i) { return Window.rows_at(i); }, row);
  static constexpr auto column_masks =
      make_masks<columns>([](std::size_t i) { return Window.columns_at(i); }, column);

  /// Of the tables that a kernel reads at run time; of the list only if it loops over it.
  static constexpr std::size_t flash_bytes(bool loops) {
    return (loops ? sizeof list : 0) + (gathers ? sizeof offsets_within : 0) +
           (is_padded ? sizeof row_masks + sizeof column_masks : 0);
  }
};

} // namespace mote::kernels::helium
