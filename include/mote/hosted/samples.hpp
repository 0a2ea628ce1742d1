// Images as samples for training and evaluation, in real or integer arithmetic.
#pragma once

#include <mote/core/affine.hpp>
#include <mote/hosted/file.hpp>
#include <mote/hosted/idx.hpp>
#include <mote/quantization/normalization.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mote::hosted {

/// The int8 code of a pixel of 0 ... 255.
constexpr std::int8_t pixel_code(std::uint8_t pixel) {
  return static_cast<std::int8_t>(pixel - 128);
}

/// What a pixel p means unless it is normalized: the real number p / 255, and in int8 the code
/// p - 128. The two agree exactly, so that quantizing the input loses nothing.
inline constexpr affine pixel_scale = normalization{}.input_affine();

/// Some consecutive images of a set, which must outlive this view. `input` says which real numbers
/// the pixels' codes stand for: `pixel_scale` or that of a normalization.
struct image_samples {
  const image_set& images;
  std::size_t first = 0;
  std::size_t count = 0;
  affine input = pixel_scale;

  std::size_t size() const { return count; }
  std::uint8_t label(std::size_t index) const { return images.labels[first + index]; }
  std::span<const std::uint8_t> image(std::size_t index) const {
    return images.image(first + index);
  }

  template <std::size_t Size>
  void copy_input(std::size_t index, std::span<float, Size> target) const {
    const auto pixels = image(index);
    for (std::size_t i = 0; i < target.size(); ++i)
      target[i] = dequantize(pixel_code(pixels[i]), input);
  }
  template <std::size_t Size>
  void copy_input(std::size_t index, std::span<std::int8_t, Size> target) const {
    const auto pixels = image(index);
    for (std::size_t i = 0; i < target.size(); ++i)
      target[i] = pixel_code(pixels[i]);
  }
};

/// All images of a set.
inline image_samples all_of(const image_set& images, const affine& input = pixel_scale) {
  return {images, 0, images.size(), input};
}

/// The normalization that gives all pixels of these images together mean 0, but for its rounding,
/// and deviation 1. Throws `error` when all pixels are the same.
inline normalization normalization_of(const image_samples& samples) {
  std::array<std::uint64_t, 256> counts{};
  for (std::size_t i = 0; i < samples.size(); ++i)
    for (const std::uint8_t pixel : samples.image(i))
      ++counts[pixel];
  double pixels = 0.0, sum = 0.0, squares = 0.0; // whole numbers, exact up to 2^53
  for (std::size_t level = 0; level < counts.size(); ++level) {
    const auto count = static_cast<double>(counts[level]), value = static_cast<double>(level);
    pixels += count;
    sum += count * value;
    squares += count * value * value;
  }
  const double variance = (squares - sum / pixels * sum) / pixels;
  if (!(variance > 0.0))
    throw error("normalize: expected images whose pixels differ, found all the same");
  return normalization::nearest(sum / pixels / 255.0, std::sqrt(variance) / 255.0);
}

} // namespace mote::hosted
