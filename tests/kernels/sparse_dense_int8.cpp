#include <mote/kernels/arm_dsp/sparse_dense_int8.hpp>
#include <mote/kernels/generic/dense_int8.hpp>
#include <mote/kernels/generic/sparse_dense_int8.hpp>
#include <mote/kernels/scalar32/sparse_dense_int8.hpp>
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../catch.hpp"
#include "int8_constants.hpp"

namespace {

using namespace mote;
using int8_constants::factors;
using int8_constants::weights;
using int8_constants::zero_point;

constexpr std::int8_t untouched = 0x55;
constexpr std::size_t margin = 16;

template <class Numbers>
auto view() {
  const auto& p = Numbers::value;
  return kernels::int8_product<const std::int8_t*, const std::int32_t*>{
      p.weights.data(),      p.bias.data(),          p.multipliers.data(), p.shifts.data(),
      p.input_zero_point[0], p.output_zero_point[0], p.lowest[0],          p.highest[0]};
}

/// Inputs of which about `percent` are not zero, from the whole range or only from its ends.
std::vector<std::int8_t> draw_inputs(std::size_t size, std::uint32_t percent, bool ends,
                                     std::int8_t zero, random_source& random) {
  std::vector<std::int8_t> x(size);
  for (auto& code : x) {
    const auto any = static_cast<std::int8_t>(static_cast<int>(random.below(256)) - 128);
    const auto value = ends ? static_cast<std::int8_t>(any < 0 ? -128 : 127) : any;
    code = random.below(100) < percent ? value : zero;
  }
  return x;
}

/// Runs `kernel` against the plain dense product, as run-time functions.
struct comparison {
  void (*dense)(std::size_t, const std::int8_t*, std::int8_t*);
  void (*sparse)(std::size_t, const std::int8_t*, std::int8_t*);
  std::size_t inputs;
  std::size_t outputs;
  std::int8_t zero;

  void check() const {
    constexpr std::size_t rows = 2;
    random_source random{inputs * 131 + outputs};
    for (const std::uint32_t percent : {0u, 5u, 20u, 60u, 100u}) {
      for (const bool ends : {false, true}) {
        for (std::size_t offset = 0; offset < 4; ++offset) {
          CAPTURE(inputs, outputs, percent, ends, offset);
          // The input ends where its memory ends, so that the address sanitizer sees a read too
          // far.
          auto x = draw_inputs(rows * inputs, percent, ends, zero, random);
          x.insert(x.begin(), offset, untouched);
          std::vector<std::int8_t> wanted(margin + rows * outputs + margin, untouched);
          auto y = wanted;
          dense(rows, x.data() + offset, wanted.data() + margin);
          sparse(rows, x.data() + offset, y.data() + margin);
          CHECK(y == wanted);
        }
      }
    }
  }
};

template <class Rounding, class Numbers, std::size_t Inputs, std::size_t Outputs>
void plain_dense(std::size_t rows, const std::int8_t* x, std::int8_t* y) {
  kernels::dense_int8<isa::generic>::forward<Rounding, Inputs, Outputs>(rows, x, view<Numbers>(),
                                                                        y);
}
template <class Rounding, class Numbers, std::size_t Inputs, std::size_t Outputs>
void plain_sparse(std::size_t rows, const std::int8_t* x, std::int8_t* y) {
  kernels::sparse_dense_int8<isa::generic>::forward<Rounding, Inputs, Outputs>(rows, x,
                                                                               view<Numbers>(), y);
}
template <class Product, std::size_t Inputs, std::size_t Outputs>
void by_product(std::size_t rows, const std::int8_t* x, std::int8_t* y) {
  for (std::size_t row = 0; row < rows; ++row) {
    Product::forward(x + row * Inputs, y + row * Outputs);
  }
}

template <class Rounding, std::size_t Outputs, std::size_t Inputs, class Numbers>
void check_rounding() {
  const auto check = [](auto* sparse) {
    comparison{plain_dense<Rounding, Numbers, Inputs, Outputs>, sparse, Inputs, Outputs,
               Numbers::value.input_zero_point[0]}
        .check();
  };
  check(plain_sparse<Rounding, Numbers, Inputs, Outputs>);
  // The widths of all 32-bit cores.
  using four = kernels::scalar32::sparse_product<Rounding, Numbers, Outputs, Inputs, 4>;
  using eight = kernels::scalar32::sparse_product<Rounding, Numbers, Outputs, Inputs, 8>;
  using sixteen = kernels::scalar32::sparse_product<Rounding, Numbers, Outputs, Inputs, 16>;
  if constexpr (four::fits) {
    check(by_product<four, Inputs, Outputs>);
    check(by_product<eight, Inputs, Outputs>);
    check(by_product<sixteen, Inputs, Outputs>);
  }
  using lanes = kernels::arm_dsp::sparse_product<Rounding, Inputs, Outputs, Numbers>;
  if constexpr (lanes::fits) {
    check(by_product<lanes, Inputs, Outputs>);
  }
  using arm_dsp = kernels::constant_sparse_dense_int8<isa::arm_dsp, balanced>;
  STATIC_REQUIRE(arm_dsp::fits<Rounding, Inputs, Outputs, Numbers> == four::fits);
  if constexpr (arm_dsp::fits<Rounding, Inputs, Outputs, Numbers>) {
    check(arm_dsp::forward<Rounding, Inputs, Outputs, Numbers>);
  }
}

template <std::size_t Outputs, std::size_t Inputs, weights Weights = weights::any,
          factors Factors = factors::useful, zero_point In = zero_point::lowest,
          zero_point Out = zero_point::lowest,
          int8_constants::activation Activation = int8_constants::activation::relu>
void check_layer() {
  using numbers = int8_constants::layer<Outputs, Inputs, Outputs + 100 * Inputs, Weights, Factors,
                                        In, Out, Activation>;
  check_rounding<rounding::twice, Outputs, Inputs, numbers>();
  check_rounding<rounding::once, Outputs, Inputs, numbers>();
}

} // namespace

TEST_CASE("int8 products that pass by zeros are the dense ones", "[kernels][sparse_dense]") {
  check_layer<1, 1>();
  check_layer<2, 3>();
  check_layer<3, 64>();
  check_layer<4, 63>();
  check_layer<5, 65>();
  check_layer<7, 10>();
  check_layer<8, 128>();
  check_layer<9, 129>();
  check_layer<15, 31>();
  check_layer<16, 70>();
  check_layer<17, 200>();
  check_layer<34, 66>();
}

TEST_CASE("int8 zeros may be any code", "[kernels][sparse_dense]") {
  check_layer<6, 67, weights::any, factors::useful, zero_point::middle, zero_point::middle,
              int8_constants::activation::none>();
  check_layer<5, 70, weights::any, factors::useful, zero_point::highest, zero_point::highest,
              int8_constants::activation::none>();
  check_layer<10, 30, weights::any, factors::useful, zero_point::middle, zero_point::lowest,
              int8_constants::activation::relu_with_top>();
}

TEST_CASE("int8 products that pass by zeros at the ends of the range", "[kernels][sparse_dense]") {
  check_layer<5, 130, weights::ends, factors::ends>();
  check_layer<9, 70, weights::ends, factors::ends, zero_point::highest, zero_point::middle,
              int8_constants::activation::none>();
  check_layer<6, 40, weights::one_dead_channel>();
  check_layer<4, 300, weights::ends>(); // sums of more than 24 bits: no lanes
}

TEST_CASE("int8 products beyond what the kernels for constants take", "[kernels][sparse_dense]") {
  using numbers = int8_constants::layer<4, 20, 7, weights::any, factors::left_shift>;
  using scalar = kernels::scalar32::sparse_product<rounding::twice, numbers, 4, 20>;
  STATIC_REQUIRE_FALSE(scalar::fits);
  check_layer<4, 20, weights::any, factors::left_shift>();
}

TEST_CASE("lanes are used where sums have 24 bits", "[kernels][sparse_dense]") {
  using narrow = int8_constants::layer<4, 100, 7, weights::ends>;
  using wide = int8_constants::layer<4, 300, 7, weights::ends>;
  STATIC_REQUIRE(kernels::arm_dsp::sparse_product<rounding::twice, 100, 4, narrow>::fits);
  STATIC_REQUIRE_FALSE(kernels::arm_dsp::sparse_product<rounding::twice, 300, 4, wide>::fits);
}

namespace {

/// Of a layer of five units, for three inputs of which the second is zero.
template <class Kernel>
constexpr std::array<std::int8_t, 5> compiled_product() {
  const std::array<std::int8_t, 3> x{-100, -128, 127};
  std::array<std::int8_t, 5> y{};
  Kernel::template forward<rounding::twice, 3, 5, int8_constants::layer<5, 3, 1>>(1, x.data(),
                                                                                  y.data());
  return y;
}

} // namespace

TEST_CASE("the compiler passes by zeros in int8 too", "[kernels][sparse_dense]") {
  constexpr auto scalar =
      compiled_product<kernels::constant_sparse_dense_int8<isa::scalar32, balanced>>();
  constexpr auto lanes =
      compiled_product<kernels::constant_sparse_dense_int8<isa::arm_dsp, balanced>>();
  static_assert(scalar == lanes);
  std::array<std::int8_t, 5> wanted{};
  const std::array<std::int8_t, 3> x{-100, -128, 127};
  plain_dense<rounding::twice, int8_constants::layer<5, 3, 1>, 3, 5>(1, x.data(), wanted.data());
  CHECK(scalar == wanted);
}
