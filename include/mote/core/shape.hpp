// Shapes: the extents of one sample as it flows through a network.
#pragma once

#include <cstddef>

namespace mote {

/// The extents of one sample, without the batch. Rank 1 is a vector of `channels` elements, rank 2
/// a sequence of `width` steps, rank 3 an image. Unused extents are 1, so that `size()` always
/// holds. Memory order is height, width, channels (NHWC).
struct shape {
  std::size_t rank = 0;
  std::size_t height = 1;
  std::size_t width = 1;
  std::size_t channels = 0;

  constexpr shape() = default;
  constexpr explicit shape(std::size_t vector_size) : rank(1), channels(vector_size) {}
  constexpr shape(std::size_t steps, std::size_t features)
      : rank(2), width(steps), channels(features) {}
  constexpr shape(std::size_t image_height, std::size_t image_width, std::size_t image_channels)
      : rank(3), height(image_height), width(image_width), channels(image_channels) {}

  /// Elements of one sample.
  constexpr std::size_t size() const { return height * width * channels; }

  friend constexpr bool operator==(const shape&, const shape&) = default;
};

/// The shape of the samples that enter a network: `input<784>` or `input<28, 28, 1>`.
template <std::size_t... Extents>
struct input {
  static_assert(sizeof...(Extents) >= 1 && sizeof...(Extents) <= 3,
                "mote::input takes {units}, {steps, features} or {height, width, channels}");
  static_assert(((Extents > 0) && ...), "mote::input: every extent must be positive");
  static constexpr shape value{Extents...};
};

} // namespace mote
