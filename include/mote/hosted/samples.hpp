// Images as samples for training and evaluation, in real or integer arithmetic.
#pragma once

#include <mote/core/affine.hpp>
#include <mote/hosted/idx.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mote::hosted {

/// What a pixel p of 0 ... 255 means: the real number p / 255, and in int8 the code p - 128. The
/// two agree exactly, so that quantizing the input loses nothing.
inline constexpr affine pixel_scale{1.0f / 255.0f, -128};

/// Some consecutive images of a set, which must outlive this view.
struct image_samples {
  const image_set& images;
  std::size_t first = 0;
  std::size_t count = 0;

  std::size_t size() const { return count; }
  std::uint8_t label(std::size_t index) const { return images.labels[first + index]; }

  template <std::size_t Size>
  void copy_input(std::size_t index, std::span<float, Size> target) const {
    const auto pixels = images.image(first + index);
    for (std::size_t i = 0; i < target.size(); ++i)
      target[i] = static_cast<float>(pixels[i]) * pixel_scale.scale;
  }
  template <std::size_t Size>
  void copy_input(std::size_t index, std::span<std::int8_t, Size> target) const {
    const auto pixels = images.image(first + index);
    for (std::size_t i = 0; i < target.size(); ++i)
      target[i] = static_cast<std::int8_t>(pixels[i] - 128);
  }
};

/// All images of a set.
inline image_samples all_of(const image_set& images) {
  return {images, 0, images.size()};
}

} // namespace mote::hosted
