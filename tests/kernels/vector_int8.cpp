// The int8 kernels in registers of every width against the plain loops.
#include <mote/core/isa.hpp>
#include <mote/core/random.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/conv2d_int8.hpp>
#include <mote/kernels/generic/dense_int8.hpp>
#include <mote/kernels/vector/conv2d_int8.hpp>
#include <mote/kernels/vector/dense_int8.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "../catch.hpp"

namespace {

using namespace mote;
using product = kernels::int8_product<const std::int8_t*, const std::int32_t*>;
using kernel = void (*)(std::size_t, const std::int8_t*, const product&, std::int8_t*);

/// One shape: the plain loops and what has to do the same.
struct comparison {
  std::size_t inputs, outputs, filters, terms;
  kernel meaning;
  std::array<kernel, 3> in_registers;
};

/// What the numbers of a layer are like.
enum class numbers {
  useful, ///< any weights and inputs, factors that make an int8 of a sum
  ends,   ///< inputs, weights, zero points and biases at the ends of their ranges
  factors ///< multipliers at the ends of their range, and shifts to both sides
};

struct layer {
  std::vector<std::int8_t> weights, shifts;
  std::vector<std::int32_t> bias, multipliers;
  product view{};
};

int pick(random_source& random, std::initializer_list<int> values) {
  return values.begin()[random.below(static_cast<std::uint32_t>(values.size()))];
}

layer draw(const comparison& shape, numbers kind, random_source& random) {
  const auto any = [&] { return static_cast<int>(random.below(256)) - 128; };
  layer result;
  for (std::size_t i = 0; i < shape.filters * shape.terms; ++i) {
    result.weights.push_back(
        static_cast<std::int8_t>(kind == numbers::ends ? pick(random, {-128, -127, 127}) : any()));
  }
  const auto room =
      static_cast<std::int32_t>(2147483647 - static_cast<std::int64_t>(shape.terms) * 255 * 128);
  for (std::size_t f = 0; f < shape.filters; ++f) {
    const auto bits = static_cast<std::int32_t>(random.bits());
    result.bias.push_back(kind == numbers::ends ? pick(random, {-room, room, 0}) : bits >> 16);
    result.multipliers.push_back(
        kind == numbers::factors
            ? pick(random, {0, 1, 1 << 30, (1 << 30) + 1, 2147483646, 2147483647})
            : static_cast<std::int32_t>(random.bits() >> 2) + (1 << 30));
    result.shifts.push_back(static_cast<std::int8_t>(
        kind == numbers::factors ? pick(random, {-31, -30, -8, -1, 0, 1, 2, 29, 30})
        : kind == numbers::ends  ? -static_cast<int>(random.below(12)) - 16
                                 : -static_cast<int>(random.below(7)) - 5));
  }
  const int zero_point = pick(random, {-128, 127, 0, any()});
  const int output_zero_point = pick(random, {-128, 127, 0, any()});
  const int lowest = pick(random, {-128, output_zero_point});
  result.view = {result.weights.data(),
                 result.bias.data(),
                 result.multipliers.data(),
                 result.shifts.data(),
                 zero_point,
                 output_zero_point,
                 lowest,
                 std::max(lowest, pick(random, {127, 100}))};
  return result;
}

constexpr std::int8_t untouched = 0x55;

/// Runs both on the same numbers, each operand `offset` bytes off a multiple of 16 and at the end
/// of its memory, so that the address sanitizer sees a read too far.
void check_same(const comparison& shape, std::size_t rows, numbers kind, std::size_t offset,
                random_source& random) {
  layer drawn = draw(shape, kind, random);
  std::vector<std::int8_t> x(offset + rows * shape.inputs);
  for (auto& value : x) {
    value =
        static_cast<std::int8_t>(kind == numbers::ends ? pick(random, {-128, 127})
                                                       : static_cast<int>(random.below(256)) - 128);
  }
  std::vector<std::int8_t> weights(offset * 7 % 16, untouched);
  weights.insert(weights.end(), drawn.weights.begin(), drawn.weights.end());
  drawn.view.weights = weights.data() + offset * 7 % 16;
  constexpr std::size_t margin = 64;
  const std::size_t y_offset = margin + offset * 5 % 16;
  std::vector<std::int8_t> expected(y_offset + rows * shape.outputs + margin, untouched);
  shape.meaning(rows, x.data() + offset, drawn.view, expected.data() + y_offset);
  for (std::size_t i = 0; i < shape.in_registers.size(); ++i) {
    std::vector<std::int8_t> got(expected.size(), untouched);
    shape.in_registers[i](rows, x.data() + offset, drawn.view, got.data() + y_offset);
    INFO("inputs " << shape.inputs << ", outputs " << shape.outputs << ", rows " << rows
                   << ", kind " << static_cast<int>(kind) << ", offset " << offset << ", width "
                   << (16u << i) << ", zero points " << drawn.view.input_zero_point << ", "
                   << drawn.view.output_zero_point);
    const bool same = got == expected; // with all that is around
    CHECK(same);
  }
}

void check_same(const comparison& shape, std::size_t most_rows) {
  random_source random{shape.inputs * 64 + shape.outputs};
  for (const auto kind : {numbers::useful, numbers::ends, numbers::factors}) {
    for (std::size_t offset = 0; offset < 16; ++offset) {
      check_same(shape, offset % most_rows + 1, kind, offset, random);
      check_same(shape, 1, kind, offset, random);
    }
  }
}

template <std::size_t Inputs, std::size_t Outputs, class Rounding>
constexpr comparison dense{
    Inputs,
    Outputs,
    Outputs,
    Inputs,
    kernels::dense_int8<isa::generic>::forward<Rounding, Inputs, Outputs>,
    {kernels::dense_int8<isa::simd<16>>::forward<Rounding, Inputs, Outputs, product>,
     kernels::dense_int8<isa::simd<32>>::forward<Rounding, Inputs, Outputs, product>,
     kernels::dense_int8<isa::simd<64>>::forward<Rounding, Inputs, Outputs, product>}};

template <std::size_t Inputs, std::size_t Outputs>
void check_dense() {
  check_same(dense<Inputs, Outputs, rounding::twice>, 9);
  check_same(dense<Inputs, Outputs, rounding::once>, 9);
}

template <window Window, std::size_t Filters, std::size_t Groups, std::size_t Pool, class Rounding>
constexpr comparison convolution{
    Window.input.size(),
    Window.output_height / Pool*(Window.output_width / Pool) * Filters,
    Filters,
    Window.kernel_height* Window.kernel_width* Window.input.channels / Groups,
    kernels::conv2d_int8<isa::generic>::forward<Rounding, Window, Filters, Groups, Pool>,
    {kernels::conv2d_int8<isa::simd<16>>::forward<Rounding, Window, Filters, Groups, Pool, product>,
     kernels::conv2d_int8<isa::simd<32>>::forward<Rounding, Window, Filters, Groups, Pool, product>,
     kernels::conv2d_int8<isa::simd<64>>::forward<Rounding, Window, Filters, Groups, Pool,
                                                  product>}};

template <window Window, std::size_t Filters, std::size_t Groups = 1, std::size_t Pool = 1>
void check_convolution() {
  check_same(convolution<Window, Filters, Groups, Pool, rounding::twice>, 3);
  check_same(convolution<Window, Filters, Groups, Pool, rounding::once>, 3);
}

} // namespace

TEST_CASE("int8 dense products in registers are those of the plain loops", "[kernels][int8]") {
  check_dense<1, 1>();
  check_dense<3, 17>();
  check_dense<7, 6>();
  check_dense<16, 5>();
  check_dense<25, 16>();
  check_dense<32, 40>();
  check_dense<33, 23>();
  check_dense<48, 2>();
  check_dense<63, 9>();
  check_dense<64, 4>();
  check_dense<65, 31>();
  check_dense<127, 7>();
  check_dense<190, 3>();
  check_dense<300, 39>();
}

TEST_CASE("the longest int8 sums in registers are those of the plain loops", "[kernels][int8]") {
  check_dense<65536, 2>();
}

TEST_CASE("int8 convolutions in registers are those of the plain loops", "[kernels][int8]") {
  constexpr auto valid = padding::valid;
  constexpr auto same = padding::same;
  check_convolution<window{shape{9, 11, 1}, 5, 5, 1, valid}, 6, 1, 2>();
  check_convolution<window{shape{8, 7, 6}, 5, 5, 1, valid}, 16, 1, 2>();
  check_convolution<window{shape{7, 8, 3}, 3, 3, 1, same}, 7>();
  check_convolution<window{shape{9, 6, 5}, 3, 2, 2, same}, 4>();
  check_convolution<window{shape{10, 10, 2}, 4, 4, 1, same}, 3, 1, 3>();
  check_convolution<window{shape{3, 2, 3}, 5, 5, 1, same}, 2>();
  check_convolution<window{shape{4, 5, 24}, 1, 1, 1, valid}, 18>();
  check_convolution<window{shape{6, 5, 8}, 3, 3, 1, same}, 8, 2>();
  check_convolution<window{shape{6, 5, 4}, 3, 3, 1, same}, 4, 4>();
  check_convolution<window{shape{9, 9, 150}, 3, 3, 1, valid}, 3>();
}
