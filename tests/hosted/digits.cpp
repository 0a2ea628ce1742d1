#include <mote/hosted/digits.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include <zlib.h>

#include "../catch.hpp"

namespace {

using mote::hosted::draw_digits;
using mote::hosted::image_set;

unsigned long checksum(const std::vector<std::uint8_t>& bytes) {
  return crc32(0, bytes.data(), static_cast<unsigned>(bytes.size()));
}

/// [10][28 * 28]: the average image of each digit.
std::vector<std::array<double, 784>> averages(const image_set& set) {
  std::vector<std::array<double, 784>> sums(10);
  std::array<double, 10> count{};
  for (std::size_t i = 0; i < set.size(); ++i) {
    const std::size_t label = set.labels[i];
    count[label] += 1;
    for (std::size_t k = 0; k < 784; ++k)
      sums[label][k] += set.image(i)[k];
  }
  for (std::size_t label = 0; label < 10; ++label)
    for (auto& value : sums[label])
      value /= count[label];
  return sums;
}

template <typename Image>
double distance(const std::array<double, 784>& average, const Image& image) {
  double sum = 0;
  for (std::size_t k = 0; k < 784; ++k)
    sum += (average[k] - image[k]) * (average[k] - image[k]);
  return sum;
}

} // namespace

TEST_CASE("built-in digits have the shape of MNIST", "[hosted][digits]") {
  const auto set = draw_digits(500, 1);
  CHECK(set.height == 28);
  CHECK(set.width == 28);
  CHECK(set.size() == 500);
  CHECK(set.labels.size() == 500);
  CHECK(*std::ranges::max_element(set.labels) == 9);
  CHECK(draw_digits(0, 1).size() == 0);
}

TEST_CASE("built-in digits are the same bytes on every platform", "[hosted][digits]") {
  const auto set = draw_digits(100, 7);
  CHECK(checksum(set.pixels) == 0x5096cc2f);
  CHECK(checksum(set.labels) == 0xb6e7a8d6);
  const std::vector<std::uint8_t> labels(set.labels.begin(), set.labels.begin() + 10);
  CHECK(labels == std::vector<std::uint8_t>{3, 0, 5, 2, 4, 3, 5, 2, 4, 1});
}

TEST_CASE("a smaller count gives the first images", "[hosted][digits]") {
  const auto few = draw_digits(10, 3), many = draw_digits(30, 3);
  CHECK(std::equal(few.pixels.begin(), few.pixels.end(), many.pixels.begin()));
  CHECK(std::equal(few.labels.begin(), few.labels.end(), many.labels.begin()));
}

TEST_CASE("another seed gives other images", "[hosted][digits]") {
  for (const std::uint64_t seed : {2u, 3u, 1000u}) {
    CHECK(draw_digits(20, seed).pixels != draw_digits(20, 1).pixels);
    CHECK(draw_digits(20, seed).labels != draw_digits(20, 1).labels);
  }
}

TEST_CASE("each digit is about as frequent", "[hosted][digits]") {
  const auto set = draw_digits(5000, 11);
  for (int label = 0; label < 10; ++label) {
    const auto count = std::ranges::count(set.labels, label);
    CHECK(count > 400); // 500 expected, standard deviation 21
    CHECK(count < 600);
  }
}

TEST_CASE("each image has ink, in the middle and of a pen's breadth", "[hosted][digits]") {
  const auto set = draw_digits(2000, 5);
  for (std::size_t i = 0; i < set.size(); ++i) {
    const auto image = set.image(i);
    const auto inked = std::ranges::count_if(image, [](auto value) { return value > 100; });
    double mass = 0, x = 0, y = 0;
    for (std::size_t k = 0; k < image.size(); ++k) {
      mass += image[k];
      x += image[k] * static_cast<double>(k % 28);
      y += image[k] * static_cast<double>(k / 28);
    }
    const bool good = inked >= 15 && inked <= 350 && std::abs(x / mass - 13.5) < 6 &&
                      std::abs(y / mass - 13.5) < 6;
    INFO("image " << i << ": " << inked << " pixels about " << x / mass << ", " << y / mass);
    if (!good)
      CHECK(good);
  }
}

TEST_CASE("the digits can be told apart, but not by their average alone", "[hosted][digits]") {
  const auto model = averages(draw_digits(3000, 21));
  const auto test = draw_digits(1000, 22);
  int right = 0;
  for (std::size_t i = 0; i < test.size(); ++i) {
    std::array<double, 10> distances{};
    for (std::size_t label = 0; label < 10; ++label)
      distances[label] = distance(model[label], test.image(i));
    right += std::ranges::min_element(distances) - distances.begin() == test.labels[i];
  }
  CHECK(right > 600); // 100 would be chance
  CHECK(right < 900); // MNIST: about 820
}
