#include <mote/core/isa.hpp>
#include <mote/core/random.hpp>
#include <mote/kernels/generic/dense_int8.hpp>
#include <mote/kernels/vector/dense_int8.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "../catch.hpp"
#include "../reference/fixed_point.hpp"

namespace {

using mote::rounding::once;
using mote::rounding::twice;

/// The numbers of one layer and its input, anywhere in memory.
struct problem {
  std::size_t inputs, outputs, rows;
  std::vector<std::int8_t> x, weights, shifts;
  std::vector<std::int32_t> bias, multipliers;
  int input_zero_point = 0, output_zero_point = 0, lowest = -128, highest = 127;
};

/// Anything, or only the two ends of the range, where sums are largest.
enum class values { random, extreme };

/// What a multiplier makes of a sum: an int8, or anything at all.
enum class factors { useful, extreme };

std::int8_t draw(mote::random_source& random, values kind, int lowest, int highest) {
  if (kind == values::extreme) {
    return static_cast<std::int8_t>(random.below(2) == 0 ? lowest : highest);
  }
  return static_cast<std::int8_t>(
      lowest + static_cast<int>(random.below(static_cast<std::uint32_t>(highest - lowest + 1))));
}

int draw_zero_point(mote::random_source& random) {
  constexpr std::array<int, 3> special{-128, 127, 0};
  const auto pick = random.below(6);
  return pick < special.size() ? special[pick] : static_cast<int>(random.below(256)) - 128;
}

problem make_problem(std::size_t inputs, std::size_t outputs, std::size_t rows, values kind,
                     factors factor, mote::random_source& random) {
  problem p{inputs, outputs, rows, {}, {}, {}, {}, {}};
  for (std::size_t i = 0; i < inputs * rows; ++i) {
    p.x.push_back(draw(random, kind, -128, 127));
  }
  for (std::size_t i = 0; i < inputs * outputs; ++i) {
    p.weights.push_back(draw(random, kind, -127, 127));
  }
  // The largest bias that leaves room for any sum of products.
  const auto room = 2147483647 - static_cast<std::int64_t>(inputs) * 255 * 127;
  for (std::size_t o = 0; o < outputs; ++o) {
    if (kind == values::extreme) {
      const auto bias = static_cast<std::int32_t>(room);
      p.bias.push_back(random.below(2) == 0 ? bias : -bias);
    } else {
      p.bias.push_back(static_cast<std::int32_t>(random.bits()) >> 16);
    }
    if (factor == factors::extreme) {
      constexpr std::array<std::int32_t, 4> mantissas{1 << 30, (1 << 30) + 1, 2147483646,
                                                      2147483647};
      constexpr std::array<std::int8_t, 8> shifts{-31, -30, -1, 0, 1, 2, 29, 30};
      p.multipliers.push_back(mantissas[random.below(4)]);
      p.shifts.push_back(shifts[random.below(8)]);
    } else {
      p.multipliers.push_back(static_cast<std::int32_t>(random.bits() >> 2) + (1 << 30));
      p.shifts.push_back(static_cast<std::int8_t>(-static_cast<int>(random.below(10)) - 4));
    }
  }
  p.input_zero_point = draw_zero_point(random);
  p.output_zero_point = draw_zero_point(random);
  // Either no activation, a relu, or a relu that also stops at the top.
  const auto activation = random.below(3);
  p.lowest = activation == 0 ? -128 : p.output_zero_point;
  p.highest = activation < 2 ? 127 : std::min(127, p.output_zero_point + 60);
  return p;
}

/// The specification, one output at a time.
template <class Rounding>
std::vector<std::int8_t> expected(const problem& p) {
  constexpr bool rounds_once = std::is_same_v<Rounding, once>;
  std::vector<std::int8_t> y;
  for (std::size_t row = 0; row < p.rows; ++row) {
    for (std::size_t o = 0; o < p.outputs; ++o) {
      reference::integer sum = p.bias[o];
      for (std::size_t i = 0; i < p.inputs; ++i) {
        sum += static_cast<reference::integer>(p.x[row * p.inputs + i] - p.input_zero_point) *
               p.weights[o * p.inputs + i];
      }
      const auto scaled = rounds_once
                              ? reference::multiply_once(sum, p.multipliers[o], p.shifts[o])
                              : reference::multiply_twice(sum, p.multipliers[o], p.shifts[o]);
      y.push_back(static_cast<std::int8_t>(
          reference::saturate(scaled + p.output_zero_point, p.lowest, p.highest)));
    }
  }
  return y;
}

constexpr std::int8_t untouched = 0x55;
constexpr std::size_t margin = 64;

/// Runs the kernel with input, weights and output at the given distances from a multiple of 16.
/// Each operand ends where its memory ends, so that the address sanitizer sees a read too far.
template <class Isa, class Rounding, std::size_t Inputs, std::size_t Outputs>
std::vector<std::int8_t> run(const problem& p, std::size_t x_offset, std::size_t weights_offset,
                             std::size_t y_offset) {
  const auto at_offset = [](const std::vector<std::int8_t>& from, std::size_t offset) {
    std::vector<std::int8_t> memory(offset, untouched);
    memory.insert(memory.end(), from.begin(), from.end());
    return memory;
  };
  const auto x = at_offset(p.x, x_offset);
  const auto weights = at_offset(p.weights, weights_offset);
  std::vector<std::int8_t> y(margin + y_offset + p.rows * Outputs + margin, untouched);
  const auto begin = y.begin() + static_cast<std::ptrdiff_t>(margin + y_offset);
  const auto end = begin + static_cast<std::ptrdiff_t>(p.rows * Outputs);
  const mote::kernels::int8_product<const std::int8_t*, const std::int32_t*> view{
      weights.data() + weights_offset,
      p.bias.data(),
      p.multipliers.data(),
      p.shifts.data(),
      p.input_zero_point,
      p.output_zero_point,
      p.lowest,
      p.highest};
  mote::kernels::dense_int8<Isa>::template forward<Rounding, Inputs, Outputs>(
      p.rows, x.data() + x_offset, view, y.data() + margin + y_offset);
  const auto is_untouched = [](std::int8_t value) { return value == untouched; };
  CHECK(std::all_of(y.begin(), begin, is_untouched));
  CHECK(std::all_of(end, y.end(), is_untouched));
  return {begin, end};
}

template <class Isa, std::size_t Inputs, std::size_t Outputs>
void check_shape(std::uint64_t seed) {
  mote::random_source random{seed};
  for (const auto kind : {values::random, values::extreme}) {
    for (const auto factor : {factors::useful, factors::extreme}) {
      for (std::size_t rows = 1; rows <= 5; ++rows) {
        const auto p = make_problem(Inputs, Outputs, rows, kind, factor, random);
        const std::size_t x_offset = random.below(16);
        const std::size_t weights_offset = random.below(16);
        const std::size_t y_offset = random.below(16);
        CAPTURE(Isa::name, Inputs, Outputs, rows, x_offset, weights_offset, y_offset,
                p.input_zero_point, p.output_zero_point, p.lowest, p.highest);
        const bool same_twice = run<Isa, twice, Inputs, Outputs>(p, x_offset, weights_offset,
                                                                 y_offset) == expected<twice>(p);
        const bool same_once = run<Isa, once, Inputs, Outputs>(p, x_offset, weights_offset,
                                                               y_offset) == expected<once>(p);
        CHECK(same_twice);
        CHECK(same_once);
      }
    }
  }
}

template <class Isa>
void check_shapes() {
  check_shape<Isa, 1, 1>(1);
  check_shape<Isa, 2, 3>(2);
  check_shape<Isa, 3, 1>(3);
  check_shape<Isa, 4, 4>(4);
  check_shape<Isa, 7, 5>(5);
  check_shape<Isa, 8, 8>(6);
  check_shape<Isa, 15, 4>(7);
  check_shape<Isa, 16, 16>(8);
  check_shape<Isa, 17, 7>(9);
  check_shape<Isa, 31, 2>(10);
  check_shape<Isa, 33, 13>(11);
  check_shape<Isa, 63, 6>(12);
  check_shape<Isa, 64, 10>(13);
  check_shape<Isa, 97, 9>(14);
  check_shape<Isa, 129, 3>(15);
  check_shape<Isa, 784, 10>(16);
}

template <class Isa>
void check_alignments() {
  mote::random_source random{17};
  for (const auto kind : {values::random, values::extreme}) {
    const auto p = make_problem(35, 6, 3, kind, factors::useful, random);
    const auto should_be = expected<twice>(p);
    for (std::size_t x_offset = 0; x_offset < 16; ++x_offset) {
      for (std::size_t weights_offset = 0; weights_offset < 16; ++weights_offset) {
        const bool same =
            run<Isa, twice, 35, 6>(p, x_offset, weights_offset, (x_offset * 7) % 16) == should_be;
        CAPTURE(Isa::name, x_offset, weights_offset);
        CHECK(same);
      }
    }
  }
}

/// All products of one sign with a bias to match: the largest sums that 32 bits have to hold.
template <class Isa, std::size_t Inputs>
void check_largest_sums() {
  for (const int sign : {1, -1}) {
    problem p{Inputs, 2, 1, {}, {}, {}, {}, {}};
    p.input_zero_point = sign > 0 ? -128 : 127;
    p.x.assign(Inputs, static_cast<std::int8_t>(sign > 0 ? 127 : -128));
    p.weights.assign(2 * Inputs, 127);
    const auto bias = static_cast<std::int32_t>(2147483647 - std::int64_t{Inputs} * 255 * 127);
    p.bias = {sign * bias, 0};
    p.multipliers = {2147483647, 1 << 30};
    for (const std::int8_t shift : std::array<std::int8_t, 4>{-24, 0, 1, 30}) {
      p.shifts = {shift, shift};
      for (const int zero_point : {-128, 127}) {
        p.output_zero_point = zero_point;
        CAPTURE(Isa::name, Inputs, sign, static_cast<int>(shift), zero_point);
        const bool same_twice = run<Isa, twice, Inputs, 2>(p, 0, 0, 0) == expected<twice>(p);
        const bool same_once = run<Isa, once, Inputs, 2>(p, 0, 0, 0) == expected<once>(p);
        CHECK(same_twice);
        CHECK(same_once);
      }
    }
  }
}

template <class Isa>
void check_all() {
  check_shapes<Isa>();
  check_alignments<Isa>();
  check_largest_sums<Isa, 5>();
  check_largest_sums<Isa, 4096>();
  check_largest_sums<Isa, 65536>();
}

} // namespace

TEST_CASE("the generic int8 dense product is the specification", "[kernels][int8]") {
  check_all<mote::isa::generic>();
}

TEST_CASE("the native int8 dense product is the specification", "[kernels][int8]") {
  check_all<mote::isa::native>();
}

TEST_CASE("the int8 dense product in registers of 16 bytes is the specification",
          "[kernels][int8]") {
  check_all<mote::isa::simd<16>>();
}

TEST_CASE("a product by hand", "[kernels][int8]") {
  // 0.75 ((3 - 1) 2 + (-4 - 1) (-3) + 10) + 5 = 26.75, and the same without the second input's
  // weight, 15.5.
  const std::array<std::int8_t, 2> x{3, -4};
  const std::array<std::int8_t, 4> weights{2, -3, 2, 0};
  const std::array<std::int32_t, 2> bias{10, 10};
  const std::array<std::int32_t, 2> multipliers{3 << 29, 3 << 29};
  const std::array<std::int8_t, 2> shifts{0, 0};
  mote::kernels::int8_product<const std::int8_t*, const std::int32_t*> view{
      weights.data(), bias.data(), multipliers.data(), shifts.data(), 1, 5, -128, 127};
  std::array<std::int8_t, 2> y{};
  mote::kernels::dense_int8<mote::isa::native>::forward<twice, 2, 2>(1, x.data(), view, y.data());
  CHECK(y == std::array<std::int8_t, 2>{27, 16});
  view.lowest = 20;
  mote::kernels::dense_int8<mote::isa::native>::forward<twice, 2, 2>(1, x.data(), view, y.data());
  CHECK(y == std::array<std::int8_t, 2>{27, 20});
}

TEST_CASE("no rows write nothing", "[kernels][int8]") {
  mote::random_source random{18};
  const auto p = make_problem(8, 8, 0, values::random, factors::useful, random);
  CHECK(run<mote::isa::native, twice, 8, 8>(p, 0, 0, 0).empty());
}
