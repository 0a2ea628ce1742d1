// Augmentation: deformed copies of images, so that training sees more of them than there are.
#pragma once

#include <mote/core/random.hpp>
#include <mote/core/shape.hpp>
#include <mote/hosted/file.hpp>
#include <mote/hosted/samples.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace mote::hosted {

/// How far images are deformed: every value is drawn uniformly between these bounds, for each image
/// anew. The elastic part follows Simard, Steinkraus & Platt, "Best Practices for Convolutional
/// Neural Networks", 2003, section 2: each pixel is displaced by noise in [-alpha, alpha) that is
/// smoothed with a Gaussian of deviation sigma and sum 1. (A displacement's own deviation, away
/// from the border, is alpha / (sqrt(12 pi) sigma): 1.4 pixels for the paper's 34 and 4.)
struct augmentation {
  float shift = 0.0f;         ///< at most so many pixels along each axis
  float rotation = 0.0f;      ///< at most so many degrees either way
  float scale = 0.0f;         ///< by a factor of 1 - scale to 1 + scale; below 1
  float elastic_alpha = 0.0f; ///< in pixels; 0: nothing elastic
  float elastic_sigma = 4.0f; ///< in pixels; above 0
};

/// For handwritten digits of 28 x 28 pixels, which MNIST has centred and scaled already.
inline constexpr augmentation augmented_digits{
    .shift = 1.0f, .rotation = 8.0f, .scale = 0.08f, .elastic_alpha = 20.0f, .elastic_sigma = 4.0f};

/// An affine map of an image about its centre: scaled, turned, then shifted.
struct placement {
  float right = 0.0f; ///< pixels
  float down = 0.0f;  ///< pixels
  float turn = 0.0f;  ///< degrees, clockwise
  float scale = 1.0f; ///< above 0; 2 makes everything twice as large
};

/// Deforms images of one size. Owns all memory it works in: only the constructor allocates.
class augmenter {
public:
  /// Images are [height][width][channels]. Throws `error` for ranges that make no sense.
  augmenter(const shape& image, const augmentation& ranges)
      : image_(image), ranges_(ranges), weights_(gaussian(checked(ranges).elastic_sigma)),
        stride_(image.width + weights_.size() - 1), right_(image.height * stride_),
        down_(right_.size()), between_(right_.size()),
        framed_((image.height + 3) * (image.width + 3) * image.channels) {}

  /// Draws a deformation. The same state of `random` gives the same one.
  void draw(random_source& random) {
    placed.right = ranges_.shift * signed_uniform(random);
    placed.down = ranges_.shift * signed_uniform(random);
    placed.turn = ranges_.rotation * signed_uniform(random);
    placed.scale = 1.0f + ranges_.scale * signed_uniform(random);
    if (ranges_.elastic_alpha > 0.0f) {
      draw_field(random, right_);
      draw_field(random, down_);
    }
  }

  /// Writes the image as the last drawn deformation makes it: each pixel of `result` is bilinearly
  /// interpolated where it comes from, background (0) beyond the border. Elements may be of any
  /// arithmetic type; integers are rounded to nearest. Several images may be deformed alike. The
  /// two may be the same memory. Throws `error` unless both have the size given to the constructor.
  template <class From, std::size_t FromSize, class To, std::size_t ToSize>
  void deform(std::span<const From, FromSize> image, std::span<To, ToSize> result) {
    if (image.size() != image_.size() || result.size() != image_.size())
      throw error("augment: expected images of " + std::to_string(image_.size()) +
                  " elements, found " + std::to_string(image.size()) + " and room for " +
                  std::to_string(result.size()));
    frame(std::span<const From>(image));
    const float middle_x = static_cast<float>(image_.width - 1) / 2.0f;
    const float middle_y = static_cast<float>(image_.height - 1) / 2.0f;
    const float angle = placed.turn * std::numbers::pi_v<float> / 180.0f;
    const float cosine = std::cos(angle) / placed.scale, sine = std::sin(angle) / placed.scale;
    for (std::size_t row = 0; row < image_.height; ++row) {
      const float y = static_cast<float>(row) - middle_y - placed.down;
      for (std::size_t column = 0; column < image_.width; ++column) {
        const float x = static_cast<float>(column) - middle_x - placed.right;
        const std::size_t at = row * stride_ + column;
        interpolate(middle_x + cosine * x + sine * y + right_[at],
                    middle_y - sine * x + cosine * y + down_[at],
                    &result[(row * image_.width + column) * image_.channels]);
      }
    }
  }

  /// A newly deformed copy.
  template <class From, std::size_t FromSize, class To, std::size_t ToSize>
  void operator()(std::span<const From, FromSize> image, std::span<To, ToSize> result,
                  random_source& random) {
    draw(random);
    deform(image, result);
  }

  /// By how many pixels to the right and down the point lies that comes to `row` and `column`.
  float field_right(std::size_t row, std::size_t column) const {
    return right_[row * stride_ + column];
  }
  float field_down(std::size_t row, std::size_t column) const {
    return down_[row * stride_ + column];
  }

  placement placed; ///< as drawn; may be set instead

private:
  static const augmentation& checked(const augmentation& ranges) {
    const auto check = [](bool fine, const char* expected, float found) {
      if (!fine)
        throw error(std::string("augment: expected ") + expected + ", found " +
                    std::to_string(found));
    };
    const auto positive = [](float x) { return x >= 0.0f && std::isfinite(x); };
    check(positive(ranges.shift), "a shift of at least 0 pixels", ranges.shift);
    check(positive(ranges.rotation), "a rotation of at least 0 degrees", ranges.rotation);
    check(positive(ranges.scale) && ranges.scale < 1.0f, "a scale from 0 to below 1", ranges.scale);
    check(positive(ranges.elastic_alpha), "an elastic alpha of at least 0", ranges.elastic_alpha);
    check(ranges.elastic_sigma > 0.0f && ranges.elastic_sigma <= 1000.0f,
          "an elastic sigma above 0 and of at most 1000 pixels", ranges.elastic_sigma);
    return ranges;
  }

  /// Half of a Gaussian, from its middle to three deviations; the whole sums to 1.
  static std::vector<float> gaussian(float sigma) {
    std::vector<float> half(1 + static_cast<std::size_t>(3.0f * sigma + 0.5f));
    float sum = 0.0f;
    for (std::size_t i = 0; i < half.size(); ++i) {
      const float distance = static_cast<float>(i) / sigma;
      half[i] = std::exp(-0.5f * distance * distance);
      sum += i == 0 ? half[i] : 2.0f * half[i];
    }
    for (float& weight : half)
      weight /= sum;
    return half;
  }

  static float signed_uniform(random_source& random) {
    return 2.0f * random.uniform<float>() - 1.0f;
  }

  /// Smoothed noise. Rows are followed by so many zeros that they do not see each other: one pass
  /// over all of them is one over each.
  void draw_field(random_source& random, std::vector<float>& field) {
    for (std::size_t i = 0; i < field.size(); ++i)
      field[i] = i % stride_ < image_.width ? ranges_.elastic_alpha * signed_uniform(random) : 0.0f;
    smooth(field, between_, 1);
    smooth(between_, field, stride_);
  }

  /// Convolves along an axis whose neighbours are `step` apart; the outside is 0.
  void smooth(std::span<const float> from, std::span<float> to, std::size_t step) const {
    std::ranges::transform(from, to.begin(), [&](float value) { return weights_[0] * value; });
    for (std::size_t k = 1; k < weights_.size() && k * step < to.size(); ++k) {
      const float weight = weights_[k];
      const std::size_t count = to.size() - k * step;
      const float *before = from.data(), *after = from.data() + k * step;
      for (std::size_t i = 0; i < count; ++i)
        to[i] += weight * after[i];
      for (std::size_t i = 0; i < count; ++i)
        to[k * step + i] += weight * before[i];
    }
  }

  /// Copies the image into a frame of background: one pixel before it and two after, so that
  /// interpolation needs no test.
  template <class From>
  void frame(std::span<const From> image) {
    const std::size_t row_size = image_.width * image_.channels;
    for (std::size_t row = 0; row < image_.height; ++row)
      std::transform(image.begin() + static_cast<std::ptrdiff_t>(row * row_size),
                     image.begin() + static_cast<std::ptrdiff_t>((row + 1) * row_size),
                     framed_.begin() + static_cast<std::ptrdiff_t>(framed(row + 1, 1)),
                     [](From value) { return static_cast<float>(value); });
  }

  std::size_t framed(std::size_t row, std::size_t column) const {
    return (row * (image_.width + 3) + column) * image_.channels;
  }

  /// All channels of the point (x, y) of the framed image.
  template <class To>
  void interpolate(float x, float y, To* result) const {
    x = std::clamp(x + 1.0f, 0.0f, static_cast<float>(image_.width + 1));
    y = std::clamp(y + 1.0f, 0.0f, static_cast<float>(image_.height + 1));
    const auto column = static_cast<std::size_t>(x), row = static_cast<std::size_t>(y);
    const float u = x - static_cast<float>(column), v = y - static_cast<float>(row);
    const float *above = &framed_[framed(row, column)], *below = &framed_[framed(row + 1, column)];
    for (std::size_t c = 0; c < image_.channels; ++c) {
      const std::size_t next = c + image_.channels;
      const float top = above[c] + u * (above[next] - above[c]);
      const float bottom = below[c] + u * (below[next] - below[c]);
      const float value = top + v * (bottom - top);
      if constexpr (std::is_integral_v<To>)
        result[c] = static_cast<To>(std::lround(value));
      else
        result[c] = static_cast<To>(value);
    }
  }

  shape image_;
  augmentation ranges_;
  std::vector<float> weights_;
  std::size_t stride_;
  std::vector<float> right_, down_, between_; // [height][stride]
  std::vector<float> framed_;                 // [height + 3][width + 3][channels]
};

/// Samples to train on, each deformed by what `seed` and its index say and by nothing else, so that
/// their order does not matter. Give every epoch another seed. Requires that `deform` was made for
/// images of this size.
struct augmented_samples {
  image_samples samples;
  augmenter& deform;
  std::uint64_t seed;

  std::size_t size() const { return samples.size(); }
  std::uint8_t label(std::size_t index) const { return samples.label(index); }

  template <std::size_t Size>
  void copy_input(std::size_t index, std::span<float, Size> target) const {
    random_source random(seed + index);
    deform(samples.image(index), target, random);
    const auto zero = static_cast<float>(samples.input.zero_point - pixel_code(0));
    for (float& value : target)
      value = samples.input.scale * (value - zero);
  }
};

} // namespace mote::hosted
