#include <mote/core/window.hpp>

#include <cstddef>
#include <utility>
#include <vector>

#include "../catch.hpp"

using namespace mote;

namespace {

/// TensorFlow's rule in its own words: ceil(in / stride) outputs for `same`, with
/// max((out - 1) stride + kernel - in, 0) zeros, the smaller half first; and
/// ceil((in - kernel + 1) / stride) outputs for `valid`.
struct rule {
  std::size_t outputs;
  std::size_t before;
};
constexpr rule tensorflow(long in, long kernel, long stride, padding border) {
  if (border == padding::valid) {
    return {static_cast<std::size_t>((in - kernel + 1 + stride - 1) / stride), 0};
  }
  const long outputs = (in + stride - 1) / stride;
  const long zeros = (outputs - 1) * stride + kernel - in;
  return {static_cast<std::size_t>(outputs), static_cast<std::size_t>(zeros > 0 ? zeros / 2 : 0)};
}

} // namespace

TEST_CASE("outputs and padding follow TensorFlow's rule", "[core][window]") {
  for (std::size_t in = 1; in <= 12; ++in) {
    for (std::size_t kernel = 1; kernel <= in; ++kernel) {
      for (std::size_t stride = 1; stride <= 5; ++stride) {
        for (const padding border : {padding::valid, padding::same}) {
          CAPTURE(in, kernel, stride, border == padding::same);
          const window on({in, 2 * in, 3}, kernel, kernel, stride, border);
          const auto rows = tensorflow(static_cast<long>(in), static_cast<long>(kernel),
                                       static_cast<long>(stride), border);
          const auto columns = tensorflow(static_cast<long>(2 * in), static_cast<long>(kernel),
                                          static_cast<long>(stride), border);
          CHECK(on.output_height == rows.outputs);
          CHECK(on.output_width == columns.outputs);
          CHECK(on.pad_top == rows.before);
          CHECK(on.pad_left == columns.before);
          CHECK(on.positions() == rows.outputs * columns.outputs);
        }
      }
    }
  }
}

TEST_CASE("overlaps are the kernel elements that lie on the image", "[core][window]") {
  for (std::size_t in = 1; in <= 9; ++in) {
    for (std::size_t kernel = 1; kernel <= 7; ++kernel) {
      for (std::size_t stride = 1; stride <= 4; ++stride) {
        const window on({in, in, 1}, kernel, kernel, stride, padding::same);
        for (std::size_t output = 0; output < on.output_height; ++output) {
          CAPTURE(in, kernel, stride, output);
          const auto seen = on.rows_at(output);
          REQUIRE(seen.first < seen.last);
          for (std::size_t k = 0; k < kernel; ++k) {
            const long at = static_cast<long>(output * stride + k) - static_cast<long>(on.pad_top);
            const bool inside = at >= 0 && at < static_cast<long>(in);
            CHECK(inside == (k >= seen.first && k < seen.last));
            if (inside && k == seen.first) {
              CHECK(static_cast<long>(seen.start) == at);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("windows that do not fit have no outputs", "[core][window]") {
  CHECK(window({2, 5, 1}, 3, 3, 1, padding::valid).output_height == 0);
  CHECK_FALSE(needs::image_of_at_least<3, 3>::accepts({2, 5, 1}));
  CHECK_FALSE(needs::image_of_at_least<3, 3>::accepts(shape{9}));
  CHECK(needs::image_of_at_least<3, 3>::accepts({3, 3, 1}));
}

TEST_CASE("windows on sequences have height 1", "[core][window]") {
  const window on({9, 3}, 1, 4, 2, padding::same);
  CHECK(on.output_height == 1);
  CHECK(on.output_width == 5);
  CHECK(on.pad_top == 0);
  CHECK(on.pad_left == 1);
  CHECK(needs::sequence_of_at_least<4>::accepts({4, 1}));
  CHECK_FALSE(needs::sequence_of_at_least<4>::accepts({3, 1}));
  CHECK_FALSE(needs::sequence_of_at_least<4>::accepts({1, 9, 1}));
}

TEST_CASE("padded is a window of which a part lies off the image", "[core][window]") {
  for (std::size_t in = 1; in <= 9; ++in) {
    for (std::size_t kernel = 1; kernel <= in; ++kernel) {
      for (std::size_t stride = 1; stride <= 4; ++stride) {
        CAPTURE(in, kernel, stride);
        CHECK_FALSE(window({in, in, 1}, kernel, kernel, stride, padding::valid).is_padded());
        const window on({in, in, 1}, kernel, kernel, stride, padding::same);
        bool clipped = false;
        for (std::size_t output = 0; output < on.output_height; ++output) {
          const auto seen = on.rows_at(output);
          clipped = clipped || seen.last - seen.first < kernel;
        }
        CHECK(on.is_padded() == clipped);
        CHECK(on.covered_height() == (on.output_height - 1) * stride + kernel);
      }
    }
  }
}

TEST_CASE("for_each_window visits the elements of each window in order", "[core][window]") {
  static constexpr window on({3, 4, 2}, 2, 3, 2, padding::same);
  std::vector<std::pair<std::size_t, std::size_t>> visited;
  std::size_t outputs = 0;
  for_each_window<on>(2, [&](std::size_t output, auto&& elements) {
    CHECK(output == 2 * outputs++);
    elements([&](std::size_t element, std::size_t at) { visited.emplace_back(element, at); });
  });
  // The last column and the last row of windows reach beyond the image.
  std::vector<std::pair<std::size_t, std::size_t>> expected{
      {0, 0},  {1, 2},  {2, 4},  {3, 8},  {4, 10}, {5, 12}, {0, 4}, {1, 6},
      {3, 12}, {4, 14}, {0, 16}, {1, 18}, {2, 20}, {0, 20}, {1, 22}};
  for (std::size_t i = 0; i < 15; ++i) {
    expected.emplace_back(expected[i].first, expected[i].second + 24); // the second image
  }
  CHECK(outputs == 8);
  CHECK(visited == expected);
}
