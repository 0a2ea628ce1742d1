#pragma once

#include <mote/core/affine.hpp>

#include <cstdint>
#include <limits>

namespace mote {

/// Inputs of mean 0 and deviation 1: an 8-bit p becomes x = (p / 255 - mean) / deviation (LeCun et
/// al., "Efficient BackProp", 1998, section 4.3). As a mapping of the codes p - 128 that is a scale
/// of 1 / (255 deviation) and a zero point of 255 mean - 128. So a quantized network takes p - 128
/// whether it was trained on normalized inputs or not, and loses nothing, given that the zero point
/// is a whole number: the mean must be one of 0/255, 1/255 ... 255/255, see `nearest`.
struct normalization {
  float mean = 0.0f;
  float deviation = 1.0f;

  /// The one with such a mean that is nearest. Requires a mean of 0 to 1 and a deviation above 0.
  static constexpr normalization nearest(double mean, double deviation) {
    return {mean_of(round_to<std::int32_t>(255.0 * mean)), static_cast<float>(deviation)};
  }

  /// Whether the values are as `input_affine` requires.
  constexpr bool is_exact() const {
    const std::int32_t level = mean_level();
    return level >= 0 && level <= 255 && mean_of(level) == mean && deviation > 0.0f &&
           deviation <= std::numeric_limits<float>::max() / 255.0f;
  }

  /// What the code p - 128 means. Training has to use these very numbers, `dequantize(code,
  /// input_affine())`, for the two to agree to the bit. Requires `is_exact()`.
  constexpr affine input_affine() const {
    return {static_cast<float>(1.0 / (255.0 * static_cast<double>(deviation))), mean_level() - 128};
  }

  friend constexpr bool operator==(const normalization&, const normalization&) = default;

private:
  static constexpr float mean_of(std::int32_t level) {
    return static_cast<float>(static_cast<double>(level) / 255.0);
  }
  constexpr std::int32_t mean_level() const {
    return round_to<std::int32_t>(255.0 * static_cast<double>(mean));
  }
};

} // namespace mote
