#include <mote/core/window.hpp>

#include <cstddef>

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
