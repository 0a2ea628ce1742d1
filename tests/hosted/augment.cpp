#include <mote/hosted/augment.hpp>
#include <mote/hosted/digits.hpp>
#include <mote/training/metrics.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <new>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

std::size_t allocations = 0;

} // namespace

// Inlined, GCC 12 would take malloc and delete, or new and free, for a mismatched pair.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size))
    return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace {

using namespace mote::hosted;
using mote::shape;

std::vector<float> random_image(const shape& size) {
  std::vector<float> image(size.size());
  support::noise{5}.fill(std::span<float>{image}, 0.0f, 255.0f);
  return image;
}

template <class To = float, class From>
std::vector<To> deformed(const shape& size, const placement& how, const std::vector<From>& image) {
  augmenter deform(size, {});
  deform.placed = how;
  std::vector<To> result(image.size(), To{77});
  deform.deform(std::span<const From>{image}, std::span<To>{result});
  return result;
}

std::vector<float> augmented(augmenter& deform, const std::vector<float>& image,
                             std::uint64_t seed) {
  mote::random_source random(seed);
  std::vector<float> result(image.size());
  deform(std::span<const float>{image}, std::span<float>{result}, random);
  return result;
}

/// What SciPy made of the same, see golden/augment.py.
const nlohmann::json& golden() {
  static const auto all =
      nlohmann::json::parse(std::ifstream(MOTE_SOURCE_DIR "/tests/golden/augment.json"));
  return all;
}

shape shape_of(const nlohmann::json& item) {
  return {item["shape"][0], item["shape"][1], item["shape"][2]};
}

float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  float largest = a.size() == b.size() ? 0.0f : std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

std::string message_of(const augmentation& ranges) {
  try {
    augmenter(shape{4, 4, 1}, ranges);
  } catch (const error& problem) {
    return problem.what();
  }
  return "(nothing was thrown)";
}

} // namespace

static_assert(mote::labelled_samples<augmented_samples, float>);

TEST_CASE("nothing asked, nothing changed, to the bit", "[hosted][augment]") {
  for (const auto& size : {shape{5, 5, 1}, shape{6, 4, 3}, shape{1, 1, 1}, shape{1, 9, 2}}) {
    const auto image = random_image(size);
    CHECK(deformed(size, {}, image) == image);
    augmenter deform(size, {});
    CHECK(augmented(deform, image, 3) == image);
  }
}

TEST_CASE("a shift by whole pixels moves them and lets background in", "[hosted][augment]") {
  const std::vector<std::uint8_t> image{1, 2, 3, //
                                        4, 5, 6, //
                                        7, 8, 9};
  const auto moved = [&](float right, float down) {
    return deformed<std::uint8_t>({3, 3, 1}, {.right = right, .down = down}, image);
  };
  using bytes = std::vector<std::uint8_t>;
  CHECK(moved(1, 0) == bytes{0, 1, 2, 0, 4, 5, 0, 7, 8});
  CHECK(moved(-1, 1) == bytes{0, 0, 0, 2, 3, 0, 5, 6, 0});
  CHECK(moved(0, -2) == bytes{7, 8, 9, 0, 0, 0, 0, 0, 0});
  CHECK(moved(3, 0) == bytes(9));
  CHECK(moved(-1000, 1e9f) == bytes(9));
}

TEST_CASE("a quarter turn is clockwise and exact but for rounding", "[hosted][augment]") {
  for (const std::size_t side : {std::size_t{7}, std::size_t{8}}) {
    const shape size{side, side, 2};
    const auto image = random_image(size);
    auto expected = image;
    for (std::size_t row = 0; row < side; ++row)
      for (std::size_t column = 0; column < side; ++column)
        for (std::size_t c = 0; c < 2; ++c)
          expected[(column * side + side - 1 - row) * 2 + c] = image[(row * side + column) * 2 + c];
    CHECK(largest_difference(deformed(size, {.turn = 90}, image), expected) < 1e-3f);
    CHECK(largest_difference(deformed(size, {.turn = -270}, image), expected) < 1e-3f);
  }
}

TEST_CASE("scaling is about the centre and keeps what is even", "[hosted][augment]") {
  const shape size{9, 9, 1};
  const std::vector<float> even(81, 10.0f);
  const auto large = deformed(size, {.scale = 2}, even);
  CHECK(large == even);
  const auto small = deformed(size, {.scale = 0.5f}, even);
  for (std::size_t row = 2; row < 7; ++row) // half of 9 pixels, from 1.75 to 6.25
    for (std::size_t column = 2; column < 7; ++column)
      CHECK(small[row * 9 + column] == 10.0f);
  CHECK(small[0] == 0.0f);

  // A ramp has its mean at the centre, and its slope is divided.
  std::vector<float> ramp(81);
  for (std::size_t i = 0; i < 81; ++i)
    ramp[i] = static_cast<float>(i % 9);
  const auto steep = deformed(size, {.scale = 2}, ramp);
  for (std::size_t i = 0; i < 81; ++i)
    CHECK(steep[i] == 4.0f + (static_cast<float>(i % 9) - 4.0f) / 2.0f);
}

TEST_CASE("integers are rounded to nearest", "[hosted][augment]") {
  const std::vector<std::uint8_t> image{0, 10, 255, 0};
  CHECK(deformed<std::uint8_t>({1, 4, 1}, {.right = -0.25f}, image) ==
        std::vector<std::uint8_t>{3, 71, 191, 0}); // 2.5, 71.25, 191.25, 0
  CHECK(deformed<std::int8_t>({1, 2, 1}, {.right = 0.25f}, std::vector<std::int8_t>{-10, -128}) ==
        std::vector<std::int8_t>{-8, -99}); // -7.5, -98.5
}

TEST_CASE("affine deformations against SciPy", "[hosted][augment]") {
  REQUIRE(golden()["fixed"].size() == 4);
  for (const auto& item : golden()["fixed"]) {
    const auto image = item["image"].get<std::vector<float>>();
    const placement how{item["right"], item["down"], item["turn"], item["scale"]};
    const auto expected = item["result"].get<std::vector<float>>();
    CHECK(largest_difference(deformed(shape_of(item), how, image), expected) < 1e-3f);
  }
}

TEST_CASE("drawn deformations against SciPy: numbers, field and image", "[hosted][augment]") {
  REQUIRE(golden()["drawn"].size() == 2);
  for (const auto& item : golden()["drawn"]) {
    const auto size = shape_of(item);
    augmenter deform(size, {.shift = item["shift"],
                            .rotation = item["rotation"],
                            .scale = item["scale"],
                            .elastic_alpha = item["alpha"],
                            .elastic_sigma = item["sigma"]});
    const auto image = item["image"].get<std::vector<float>>();
    const auto result = augmented(deform, image, item["seed"]);
    std::vector<float> right, down;
    for (std::size_t row = 0; row < size.height; ++row)
      for (std::size_t column = 0; column < size.width; ++column) {
        right.push_back(deform.field_right(row, column));
        down.push_back(deform.field_down(row, column));
      }
    CHECK(largest_difference(right, item["field_right"].get<std::vector<float>>()) < 1e-5f);
    CHECK(largest_difference(down, item["field_down"].get<std::vector<float>>()) < 1e-5f);
    CHECK(largest_difference(result, item["result"].get<std::vector<float>>()) < 5e-3f);
  }
}

TEST_CASE("what is drawn stays in its ranges and fills them", "[hosted][augment]") {
  const augmentation ranges{.shift = 3, .rotation = 20, .scale = 0.25f};
  augmenter deform({4, 4, 1}, ranges);
  mote::random_source random(1);
  placement low{9, 9, 99, 9}, high{-9, -9, -99, -9};
  for (int i = 0; i < 2000; ++i) {
    deform.draw(random);
    const auto& now = deform.placed;
    low = {std::min(low.right, now.right), std::min(low.down, now.down),
           std::min(low.turn, now.turn), std::min(low.scale, now.scale)};
    high = {std::max(high.right, now.right), std::max(high.down, now.down),
            std::max(high.turn, now.turn), std::max(high.scale, now.scale)};
  }
  for (const auto& [least, most, middle, reach] :
       {std::tuple{low.right, high.right, 0.0f, 3.0f}, std::tuple{low.down, high.down, 0.0f, 3.0f},
        std::tuple{low.turn, high.turn, 0.0f, 20.0f},
        std::tuple{low.scale, high.scale, 1.0f, 0.25f}}) {
    CHECK(least >= middle - reach);
    CHECK(least < middle - 0.99f * reach);
    CHECK(most <= middle + reach);
    CHECK(most > middle + 0.99f * reach);
  }
}

TEST_CASE("the elastic field has the deviation and the smoothness of its formula",
          "[hosted][augment]") {
  constexpr float alpha = 20.0f, sigma = 2.0f;
  augmenter deform({29, 29, 1}, {.elastic_alpha = alpha, .elastic_sigma = sigma});
  mote::random_source random(11);
  constexpr int draws = 20'000;
  double sum = 0, squares = 0, neighbours = 0, across = 0;
  for (int i = 0; i < draws; ++i) {
    deform.draw(random);
    const double here = static_cast<double>(deform.field_right(14, 14));
    sum += here;
    squares += here * here;
    neighbours += here * static_cast<double>(deform.field_right(14, 16));
    across += here * static_cast<double>(deform.field_down(14, 14));
  }
  // The noise has the variance alpha^2 / 3; a Gaussian's square sums to 1 / (4 pi sigma^2), and the
  // correlation of points d apart is exp(-d^2 / (4 sigma^2)).
  const double variance = 400.0 / 3.0 / (4 * 3.14159265 * 4.0);
  CHECK(std::abs(sum / draws) < 0.05);
  CHECK(squares / draws == Approx(variance).epsilon(0.04));
  CHECK(neighbours / squares == Approx(std::exp(-4.0 / 16.0)).epsilon(0.02));
  CHECK(std::abs(across / squares) < 0.03);
}

TEST_CASE("the same seed deforms alike, another does not", "[hosted][augment]") {
  const augmentation ranges{
      .shift = 2, .rotation = 10, .scale = 0.1f, .elastic_alpha = 8, .elastic_sigma = 2};
  const shape size{12, 12, 1};
  const auto image = random_image(size);
  augmenter one(size, ranges), other(size, ranges);
  const auto first = augmented(one, image, 1);
  CHECK(augmented(one, image, 2) != first);
  CHECK(augmented(other, image, 1) == first);
  CHECK(augmented(one, image, 1) == first); // nothing is left of the draws between
}

TEST_CASE("an image takes no memory of its own, and may be deformed in place",
          "[hosted][augment]") {
  augmenter deform({8, 8, 1}, {.shift = 1, .rotation = 9, .scale = 0.1f, .elastic_alpha = 5});
  std::array<float, 64> image{}, other{};
  support::noise{6}.fill(std::span<float>{image});
  mote::random_source random(1), again(1);
  const auto before = allocations;
  deform(std::span<const float, 64>{image}, std::span<float, 64>{other}, random);
  deform(std::span<const float>{image}, std::span<float>{image}, again);
  CHECK(allocations == before);
  CHECK(image == other);
}

TEST_CASE("samples are deformed by seed and index, in any order", "[hosted][augment]") {
  const auto set = draw_digits(3, 1);
  const auto input = mote::normalization::nearest(0.13, 0.31).input_affine();
  augmenter deform({28, 28, 1}, {.shift = 2, .rotation = 10, .elastic_alpha = 20});
  const auto get = [&](std::uint64_t seed, std::size_t index) {
    std::vector<float> target(784);
    const augmented_samples data{{set, 0, 3, input}, deform, seed};
    data.copy_input(index, std::span<float>{target});
    return target;
  };
  const auto first = get(1, 0), second = get(1, 1);
  CHECK(get(1, 1) == second);
  CHECK(get(1, 0) == first);
  CHECK(get(2, 0) != first);
  const augmented_samples data{{set, 1, 2, input}, deform, 1};
  CHECK(data.size() == 2);
  CHECK(data.label(0) == set.labels[1]);

  // Nothing deformed is exactly what is evaluated, and background is what a pixel of 0 is.
  augmenter still({28, 28, 1}, {});
  std::vector<float> deformed(784), plain(784);
  augmented_samples{{set, 0, 3, input}, still, 1}.copy_input(2, std::span<float>{deformed});
  all_of(set, input).copy_input(2, std::span<float>{plain});
  CHECK(deformed == plain);
  augmenter far({28, 28, 1}, {.shift = 1e6f});
  augmented_samples{{set, 0, 3, input}, far, 1}.copy_input(2, std::span<float>{deformed});
  CHECK(std::ranges::all_of(deformed, [&](float x) { return x == dequantize(-128, input); }));
}

TEST_CASE("ranges and sizes that make no sense are errors", "[hosted][augment]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(message_of({.shift = -1}).find("expected a shift of at least 0 pixels, found -1") !=
        std::string::npos);
  CHECK(message_of({.rotation = nan}).find("a rotation of at least 0") != std::string::npos);
  CHECK(message_of({.scale = 1}).find("a scale from 0 to below 1, found 1") != std::string::npos);
  CHECK(message_of({.elastic_alpha = -2}).find("an elastic alpha") != std::string::npos);
  CHECK(message_of({.elastic_sigma = 0}).find("an elastic sigma above 0") != std::string::npos);
  augmenter deform({2, 2, 1}, {});
  std::vector<float> four(4), five(5);
  CHECK_THROWS_AS(deform.deform(std::span<const float>{five}, std::span<float>{four}), error);
  CHECK_THROWS_AS(deform.deform(std::span<const float>{four}, std::span<float>{five}), error);
}
