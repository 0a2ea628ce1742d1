#include <mote/hosted/samples.hpp>
#include <mote/training/metrics.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "../catch.hpp"

namespace {

using namespace mote::hosted;

/// One image of 16 x 16 that has every value of a pixel once, and one with all of them reversed.
image_set all_values() {
  image_set set{16, 16, {}, {3, 8}};
  for (int i = 0; i < 512; ++i)
    set.pixels.push_back(static_cast<std::uint8_t>(i < 256 ? i : 511 - i));
  return set;
}

} // namespace

static_assert(pixel_scale == mote::affine{1.0f / 255.0f, -128});
static_assert(mote::labelled_samples<image_samples, float>);
static_assert(mote::labelled_samples<image_samples, std::int8_t>);

TEST_CASE("pixels become real numbers from 0 to 1", "[hosted][samples]") {
  const auto set = all_values();
  std::array<float, 256> real{};
  all_of(set).copy_input(0, std::span(real));
  CHECK(real[0] == 0.0f);
  CHECK(real[51] == 51.0f * (1.0f / 255.0f));
  CHECK(real[255] > 0.999999f);
  CHECK(real[255] <= 1.0f);
}

TEST_CASE("real numbers and codes of a pixel mean exactly the same", "[hosted][samples]") {
  const auto set = all_values();
  std::array<float, 256> real{};
  std::array<std::int8_t, 256> codes{};
  all_of(set).copy_input(0, std::span(real));
  all_of(set).copy_input(0, std::span(codes));
  CHECK(codes[0] == -128);
  CHECK(codes[255] == 127);
  bool same = true;
  for (std::size_t i = 0; i < 256; ++i)
    same = same && mote::dequantize(codes[i], pixel_scale) == real[i] &&
           mote::quantize(static_cast<double>(real[i]), pixel_scale) == codes[i];
  CHECK(same);
}

TEST_CASE("normalized pixels keep their codes, and mean exactly the same", "[hosted][samples]") {
  const auto set = all_values();
  const auto input = mote::normalization::nearest(0.1307, 0.3081).input_affine();
  std::array<float, 256> real{};
  std::array<std::int8_t, 256> codes{};
  all_of(set, input).copy_input(0, std::span(real));
  all_of(set, input).copy_input(0, std::span(codes));
  for (std::size_t i = 0; i < 256; ++i) {
    CHECK(codes[i] == static_cast<int>(i) - 128);
    CHECK(real[i] == mote::dequantize(codes[i], input));
    CHECK(mote::quantize(static_cast<double>(real[i]), input) == codes[i]);
    CHECK(real[i] == Approx((static_cast<double>(i) - 33.0) / 255.0 / 0.3081).epsilon(1e-6));
  }
}

TEST_CASE("the normalization of images is that of all their pixels", "[hosted][samples]") {
  const auto set = all_values();
  const auto all = normalization_of(all_of(set));
  CHECK(all.mean == 128.0f / 255.0f); // 127.5 is rounded
  CHECK(all.deviation == Approx(std::sqrt((256.0 * 256.0 - 1.0) / 12.0) / 255.0).epsilon(1e-6));
  CHECK(all.is_exact());

  const image_set two{1, 2, {10, 20, 30, 50, 255, 255}, {0, 1, 2}};
  const auto first = normalization_of({two, 0, 2});
  CHECK(first.mean == 28.0f / 255.0f); // 27.5
  CHECK(first.deviation == Approx(std::sqrt(875.0 / 4.0) / 255.0).epsilon(1e-6));
  CHECK_THROWS_WITH(normalization_of({two, 2, 1}),
                    "normalize: expected images whose pixels differ, found all the same");
  CHECK_THROWS_AS(normalization_of({two, 0, 0}), error);
}

TEST_CASE("samples can be a part of a set", "[hosted][samples]") {
  const auto set = all_values();
  CHECK(all_of(set).size() == 2);
  CHECK(all_of(set).label(0) == 3);
  CHECK(all_of(set).label(1) == 8);
  const image_samples second{set, 1, 1};
  CHECK(second.size() == 1);
  CHECK(second.label(0) == 8);
  std::vector<std::int8_t> codes(256);
  second.copy_input(0, std::span(codes));
  CHECK(codes.front() == 127);
  CHECK(codes.back() == -128);
}

TEST_CASE("only as many pixels are copied as there is room for", "[hosted][samples]") {
  const auto set = all_values();
  std::array<std::int8_t, 4> codes{};
  all_of(set).copy_input(1, std::span(codes).first<3>());
  CHECK(codes == std::array<std::int8_t, 4>{127, 126, 125, 0});
}
