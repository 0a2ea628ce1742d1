#include <mote/core/isa.hpp>
#include <mote/core/policy.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/arm_dsp/conv2d_int8.hpp>
#include <mote/kernels/arm_dsp/dense_int8.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <vector>

#include "../catch.hpp"
#include "int8_constants.hpp"

namespace {

using int8_constants::activation;
using int8_constants::factors;
using int8_constants::generator;
using int8_constants::layer;
using int8_constants::weights;
using int8_constants::zero_point;
using mote::padding;
using mote::shape;
using mote::window;
using mote::rounding::once;
using mote::rounding::twice;

namespace kernels = mote::kernels;
using dense = kernels::constant_dense_int8<mote::isa::arm_dsp, mote::balanced>;
using conv2d = kernels::constant_conv2d_int8<mote::isa::arm_dsp, mote::balanced>;

/// A pass whose parameters are read from memory.
struct plain {};

/// All seen by the address sanitizer: memory ends where the operand ends.
std::vector<std::int8_t> draw(std::size_t size, std::size_t offset, bool ends, generator& random) {
  std::vector<std::int8_t> x(offset + size);
  for (auto& value : x) {
    value = static_cast<std::int8_t>(ends ? random.between(0, 1) * 255 - 128
                                          : random.between(-128, 127));
  }
  return x;
}

/// Calls run(x, y) and meaning(x, y) on the same inputs, at every alignment of either operand.
template <class Run, class Meaning>
void compare(std::size_t inputs, std::size_t outputs, Run&& run, Meaning&& meaning) {
  constexpr std::int8_t untouched = 0x55;
  generator random{inputs * 131 + outputs};
  for (std::size_t offset = 0; offset < 16; ++offset) {
    const auto x = draw(inputs, offset, offset % 4 == 3, random);
    const std::size_t y_offset = offset * 7 % 16;
    std::vector<std::int8_t> expected(outputs);
    std::vector<std::int8_t> y(y_offset + outputs + 16, untouched);
    meaning(x.data() + offset, expected.data());
    run(x.data() + offset, y.data() + y_offset);
    const auto begin = y.begin() + static_cast<std::ptrdiff_t>(y_offset);
    const auto end = begin + static_cast<std::ptrdiff_t>(outputs);
    const auto is_untouched = [](std::int8_t value) { return value == untouched; };
    CAPTURE(offset);
    CHECK(std::equal(begin, end, expected.begin()));
    CHECK(std::all_of(y.begin(), begin, is_untouched));
    CHECK(std::all_of(end, y.end(), is_untouched));
  }
}

template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
void check_dense() {
  CAPTURE(Inputs, Outputs, Rounding::name);
  static_assert(dense::fits<Rounding, Inputs, Outputs, Constants>);
  constexpr std::size_t rows = 2;
  compare(
      rows * Inputs, rows * Outputs,
      [](const std::int8_t* x, std::int8_t* y) {
        dense::forward<Rounding, Inputs, Outputs, Constants>(rows, x, y);
      },
      [](const std::int8_t* x, std::int8_t* y) {
        kernels::dense_int8<mote::isa::generic>::forward<Rounding, Inputs, Outputs>(
            rows, x, Constants::value.template view<plain>(), y);
      });
}

/// A layer of each kind: zero points at both ends and between, weights and multipliers at the ends.
/// What comes out of the sums is checked for all of them in requantize.cpp.
template <std::size_t Kind, std::size_t Outputs, std::size_t Terms>
using layer_of_kind = std::tuple_element_t<
    Kind, std::tuple<layer<Outputs, Terms, 1>,
                     layer<Outputs, Terms, 2, weights::any, factors::useful, zero_point::highest,
                           zero_point::middle, activation::none>,
                     layer<Outputs, Terms, 3, weights::ends, factors::ends, zero_point::middle,
                           zero_point::highest, activation::none>,
                     layer<Outputs, Terms, 4, weights::one_dead_channel, factors::useful,
                           zero_point::highest, zero_point::middle, activation::relu_with_top>>>;

template <std::size_t Inputs, std::size_t Outputs, std::size_t Kind = (Inputs + Outputs) % 4>
void check_dense_shape() {
  using rounding = std::conditional_t<Inputs % 2 == 0, twice, once>;
  check_dense<rounding, Inputs, Outputs, layer_of_kind<Kind, Outputs, Inputs>>();
}

template <class Rounding, window Window, std::size_t Filters, std::size_t Groups, std::size_t Pool,
          class Constants>
void check_conv2d() {
  static_assert(conv2d::fits<Rounding, Window, Filters, Groups, Pool, Constants>);
  constexpr std::size_t rows = 2;
  constexpr std::size_t outputs =
      Window.output_height / Pool * (Window.output_width / Pool) * Filters;
  CAPTURE(Window.input.height, Window.input.width, Window.input.channels, Window.kernel_height,
          Window.kernel_width, Window.stride, Window.pad_top, Filters, Groups, Pool,
          Rounding::name);
  compare(
      rows * Window.input.size(), rows * outputs,
      [](const std::int8_t* x, std::int8_t* y) {
        conv2d::forward<Rounding, Window, Filters, Groups, Pool, Constants>(rows, x, y);
      },
      [](const std::int8_t* x, std::int8_t* y) {
        kernels::conv2d_int8<mote::isa::generic>::forward<Rounding, Window, Filters, Groups, Pool>(
            rows, x, Constants::value.template view<plain>(), y);
      });
}

template <window Window, std::size_t Filters, std::size_t Groups = 1, std::size_t Pool = 1,
          std::size_t Kind = (Filters + Window.kernel_height + Pool) % 4>
void check_conv2d_shape() {
  constexpr std::size_t terms =
      Window.kernel_height * Window.kernel_width * Window.input.channels / Groups;
  using rounding = std::conditional_t<Filters % 2 == 0, twice, once>;
  check_conv2d<rounding, Window, Filters, Groups, Pool, layer_of_kind<Kind, Filters, terms>>();
}

/// The kernel that takes less code, as for -Os.
template <window Window, std::size_t Filters, std::size_t Pool = 1>
void check_small_code() {
  using constants =
      layer_of_kind<Filters % 4, Filters,
                    Window.kernel_height * Window.kernel_width * Window.input.channels>;
  constexpr std::size_t outputs =
      Window.output_height / Pool * (Window.output_width / Pool) * Filters;
  CAPTURE(Window.input.width, Window.input.channels, Window.kernel_width, Filters, Pool);
  compare(
      Window.input.size(), outputs,
      [](const std::int8_t* x, std::int8_t* y) {
        kernels::arm_dsp::full_convolution<twice, Window, Filters, Pool, constants, false>::forward(
            1, x, y);
      },
      [](const std::int8_t* x, std::int8_t* y) {
        kernels::conv2d_int8<mote::isa::generic>::forward<twice, Window, Filters, 1, Pool>(
            1, x, constants::value.template view<plain>(), y);
      });
}

} // namespace

TEST_CASE("dense products with constant weights are the generic ones", "[kernels][int8]") {
  check_dense_shape<4, 1>();
  check_dense_shape<5, 2>();
  check_dense_shape<6, 3>();
  check_dense_shape<7, 4>();
  check_dense_shape<8, 5>();
  check_dense_shape<13, 6>();
  check_dense_shape<16, 7>();
  check_dense_shape<19, 8>();
  check_dense_shape<33, 9>();
  check_dense_shape<64, 10>();
  check_dense_shape<131, 12>();
  check_dense_shape<40, 23>();
  check_dense_shape<20, 15, 0>();
  check_dense_shape<20, 15, 1>();
  check_dense_shape<20, 15, 2>();
  check_dense_shape<20, 15, 3>();
}

TEST_CASE("sums that leave 24 bits are added row by row", "[kernels][int8]") {
  using narrow = layer<6, 250, 1>;
  using wide = layer<6, 330, 1, weights::ends>;
  using kernels::arm_dsp::dense_table;
  using kernels::arm_dsp::packing;
  static_assert(dense_table<twice, 250, 6, narrow>::rows_packing == packing::lanes);
  static_assert(dense_table<twice, 330, 6, wide>::rows_packing == packing::bytes);
  check_dense<twice, 250, 6, narrow>();
  check_dense<twice, 330, 6, wide>();
  check_dense<once, 331, 5, layer<5, 331, 2, weights::ends>>();
}

TEST_CASE("convolutions with constant weights are the generic ones", "[kernels][int8]") {
  check_conv2d_shape<window{shape{5, 5, 1}, 1, 1, 1, padding::valid}, 1>();
  check_conv2d_shape<window{shape{3, 7, 8}, 1, 1, 1, padding::valid}, 7>();
  check_conv2d_shape<window{shape{1, 1, 5}, 1, 1, 1, padding::valid}, 4>();
  check_conv2d_shape<window{shape{5, 6, 3}, 1, 1, 2, padding::same}, 2>();
  check_conv2d_shape<window{shape{6, 7, 1}, 3, 3, 1, padding::valid}, 5>();
  check_conv2d_shape<window{shape{7, 6, 1}, 3, 3, 2, padding::same}, 8>();
  check_conv2d_shape<window{shape{6, 5, 3}, 3, 3, 1, padding::same}, 3>();
  check_conv2d_shape<window{shape{8, 9, 6}, 5, 5, 1, padding::valid}, 4>();
  check_conv2d_shape<window{shape{4, 3, 2}, 5, 5, 1, padding::same}, 3>();
  check_conv2d_shape<window{shape{5, 5, 12}, 3, 3, 2, padding::valid}, 2>();
  check_conv2d_shape<window{shape{3, 3, 4}, 3, 3, 1, padding::valid}, 3>();
  check_conv2d_shape<window{shape{1, 9, 5}, 1, 3, 1, padding::valid}, 4>(); // a sequence
  check_conv2d_shape<window{shape{4, 4, 7}, 2, 2, 3, padding::same}, 2>();
}

TEST_CASE("convolutions of one channel are the generic ones", "[kernels][int8]") {
  check_conv2d_shape<window{shape{5, 6, 1}, 3, 3, 1, padding::same}, 3>();
  check_conv2d_shape<window{shape{9, 10, 1}, 3, 3, 3, padding::same}, 7>();
  check_conv2d_shape<window{shape{5, 5, 1}, 4, 4, 1, padding::same}, 2>();
  check_conv2d_shape<window{shape{7, 8, 1}, 5, 5, 1, padding::valid}, 6>();
  check_conv2d_shape<window{shape{6, 9, 1}, 5, 5, 2, padding::same}, 5>();
  check_conv2d_shape<window{shape{7, 7, 1}, 6, 6, 1, padding::valid}, 8>();
  check_conv2d_shape<window{shape{8, 9, 1}, 7, 7, 1, padding::same}, 3>();
  check_conv2d_shape<window{shape{2, 11, 1}, 1, 8, 3, padding::valid}, 4>();
  check_conv2d_shape<window{shape{3, 3, 1}, 3, 3, 1, padding::valid}, 5>(); // a single position
  check_conv2d_shape<window{shape{6, 7, 1}, 3, 3, 1, padding::same}, 4, 1, 3>();
}

TEST_CASE("small code for convolutions is as exact", "[kernels][int8]") {
  check_small_code<window{shape{5, 7, 8}, 1, 1, 1, padding::valid}, 8>(); // two filters at a time
  check_small_code<window{shape{5, 6, 1}, 3, 3, 2, padding::same}, 4>();
  check_small_code<window{shape{7, 8, 1}, 5, 5, 1, padding::valid}, 5, 2>();
  check_small_code<window{shape{4, 4, 7}, 3, 3, 1, padding::valid}, 2>();
}

TEST_CASE("convolutions of all kinds of layers are the generic ones", "[kernels][int8]") {
  constexpr window on{shape{5, 6, 3}, 3, 3, 1, padding::same};
  check_conv2d_shape<on, 5, 1, 1, 0>();
  check_conv2d_shape<on, 5, 1, 1, 1>();
  check_conv2d_shape<on, 5, 1, 1, 2>();
  check_conv2d_shape<on, 5, 1, 1, 3>();
  check_conv2d_shape<on, 6, 3, 1, 0>();
  check_conv2d_shape<on, 6, 3, 1, 1>();
  check_conv2d_shape<on, 6, 3, 1, 2>();
  check_conv2d_shape<on, 6, 3, 1, 3>();
}

TEST_CASE("a pool is fused into convolutions with constant weights", "[kernels][int8]") {
  check_conv2d_shape<window{shape{8, 9, 1}, 5, 5, 1, padding::valid}, 3, 1, 2>();
  check_conv2d_shape<window{shape{6, 6, 2}, 3, 3, 1, padding::same}, 4, 1, 2>();
  check_conv2d_shape<window{shape{7, 8, 3}, 3, 3, 1, padding::same}, 2, 1, 3>();
  check_conv2d_shape<window{shape{9, 9, 4}, 3, 3, 2, padding::same}, 1, 1, 2>();
  check_conv2d_shape<window{shape{6, 6, 5}, 1, 1, 1, padding::valid}, 3, 1, 3>();
}

TEST_CASE("depthwise convolutions with constant weights are the generic ones", "[kernels][int8]") {
  check_conv2d_shape<window{shape{6, 6, 4}, 3, 3, 1, padding::same}, 4, 4>();
  check_conv2d_shape<window{shape{7, 7, 8}, 3, 3, 2, padding::same}, 8, 8>();
  check_conv2d_shape<window{shape{6, 5, 3}, 3, 3, 1, padding::valid}, 6, 3>();
  check_conv2d_shape<window{shape{5, 8, 2}, 3, 3, 1, padding::same}, 4, 2>();
  check_conv2d_shape<window{shape{4, 1, 5}, 3, 3, 1, padding::same}, 5, 5>();
  check_conv2d_shape<window{shape{5, 4, 6}, 2, 2, 3, padding::same}, 6, 6>();
  check_conv2d_shape<window{shape{3, 4, 2}, 1, 1, 1, padding::valid}, 2, 2>();
  check_conv2d_shape<window{shape{5, 5, 2}, 1, 1, 2, padding::same}, 2, 2>();
  check_conv2d_shape<window{shape{5, 5, 2}, 2, 2, 1, padding::same}, 2, 2>();
  check_conv2d_shape<window{shape{4, 6, 3}, 3, 3, 1, padding::same}, 6, 3>();
  check_conv2d_shape<window{shape{9, 9, 3}, 3, 3, 3, padding::same}, 3, 3>();
  check_conv2d_shape<window{shape{3, 9, 2}, 2, 5, 1, padding::same}, 2, 2>();
}

TEST_CASE("depthwise convolutions of images smaller than the kernel", "[kernels][int8]") {
  check_conv2d_shape<window{shape{2, 2, 3}, 3, 3, 1, padding::same}, 3, 3>();
  check_conv2d_shape<window{shape{1, 6, 2}, 3, 3, 1, padding::same}, 4, 2>();
  check_conv2d_shape<window{shape{2, 7, 4}, 3, 3, 2, padding::same}, 4, 4>();
  check_conv2d_shape<window{shape{3, 2, 2}, 5, 2, 1, padding::same}, 2, 2>();
  check_conv2d_shape<window{shape{1, 4, 2}, 1, 9, 1, padding::same}, 2, 2>();
}

TEST_CASE("kernels refuse what they cannot do exactly", "[kernels][int8]") {
  using shifts_left = layer<4, 9, 1, weights::any, factors::left_shift>;
  constexpr window on{shape{4, 4, 1}, 3, 3, 1, padding::same};
  STATIC_REQUIRE_FALSE(dense::fits<twice, 9, 4, shifts_left>);
  STATIC_REQUIRE_FALSE(conv2d::fits<twice, on, 4, 1, 1, shifts_left>);
  STATIC_REQUIRE_FALSE(dense::fits<twice, 3, 2, layer<2, 3, 1>>); // less than a word of inputs
  constexpr window wide{shape{4, 4, 4}, 3, 3, 1, padding::same};
  STATIC_REQUIRE_FALSE(conv2d::fits<twice, wide, 4, 2, 1, layer<4, 18, 1>>);
  using plain_loops = kernels::constant_dense_int8<mote::isa::arm_dsp, mote::smallest>;
  STATIC_REQUIRE_FALSE(plain_loops::fits<twice, 9, 4, layer<4, 9, 1>>);
}

TEST_CASE("bytes of flash", "[kernels][int8]") {
  // A dense layer's weights padded to words, bias, multiplier, shift.
  STATIC_REQUIRE(dense::flash_bytes<twice, 16, 6, layer<6, 16, 1>> == 6 * (16 + 4 + 4 + 1) + 2);
  // Weights in 16 bits, bias, multiplier, offset.
  constexpr window on{shape{4, 4, 4}, 3, 3, 1, padding::same};
  STATIC_REQUIRE(conv2d::flash_bytes<twice, on, 3, 1, 1, layer<3, 36, 1>> ==
                 3 * (36 * 2 + 4 + 4 + 4));
  // The same, with a line of zeros before the first kernel, and one behind each.
  STATIC_REQUIRE(conv2d::flash_bytes<twice, on, 4, 4, 1, layer<4, 9, 1>> ==
                 4 * (9 * 2 + 4 + 4 + 4) + 5 * 3 * 2 + 2);
}

namespace {

template <class Run>
constexpr auto run(Run&& kernel) {
  std::array<std::int8_t, 64> x{};
  std::array<std::int8_t, 64> y{};
  generator random{5};
  for (auto& value : x) {
    value = static_cast<std::int8_t>(random.between(-128, 127));
  }
  kernel(x.data(), y.data());
  return y;
}

using twelve = layer<5, 12, 7>;
static_assert(run([](const auto* x, auto* y) { dense::forward<twice, 12, 5, twelve>(2, x, y); }) ==
              run([](const auto* x, auto* y) {
                kernels::dense_int8<mote::isa::generic>::forward<twice, 12, 5>(
                    2, x, twelve::value.view<plain>(), y);
              }));

constexpr window small{shape{4, 5, 3}, 2, 2, 1, padding::same};
static_assert(run([](const auto* x, auto* y) {
                conv2d::forward<once, small, 2, 1, 1, layer<2, 12, 7>>(1, x, y);
              }) == run([](const auto* x, auto* y) {
                kernels::conv2d_int8<mote::isa::generic>::forward<once, small, 2, 1>(
                    1, x, layer<2, 12, 7>::value.view<plain>(), y);
              }));
static_assert(run([](const auto* x, auto* y) {
                conv2d::forward<once, small, 3, 3, 1, layer<3, 4, 7>>(1, x, y);
              }) == run([](const auto* x, auto* y) {
                kernels::conv2d_int8<mote::isa::generic>::forward<once, small, 3, 3>(
                    1, x, layer<3, 4, 7>::value.view<plain>(), y);
              }));

} // namespace
