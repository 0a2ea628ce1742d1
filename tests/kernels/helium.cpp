#include <mote/core/isa.hpp>
#include <mote/core/random.hpp>
#include <mote/core/shape.hpp>
#include <mote/core/tensor.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/conv2d_int8.hpp>
#include <mote/kernels/generic/dense_int8.hpp>
#include <mote/kernels/helium/conv2d_int8.hpp>
#include <mote/kernels/helium/dense_int8.hpp>
#include <mote/layers/int8_product.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "../catch.hpp"

using namespace mote;

namespace {

/// What the numbers of a layer are like.
enum class numbers {
  useful,   ///< weights of any size, factors that make an int8 of a sum
  extreme,  ///< weights and zero points at the ends of their range, the largest
            ///< biases
  with_left ///< factors above 1 among others, and a factor of which nothing is
            ///< left to shift
};

/// The parameters of a layer with so many outputs of so many terms, drawn from `Seed`.
template <std::size_t Outputs, std::size_t Terms, numbers Kind, std::uint64_t Seed, bool Relu>
struct drawn {
  static constexpr auto value = [] {
    random_source random{Seed};
    const auto pick = [&](int a, int b) { return random.below(2) == 0 ? a : b; };
    int8_product_parameters<tensor<std::int8_t, Outputs, Terms>, Outputs> p{};
    constexpr bool is_extreme = Kind == numbers::extreme;
    for (std::int8_t& weight : p.weights.values) {
      weight = static_cast<std::int8_t>(is_extreme ? pick(-128, 127)
                                                   : static_cast<int>(random.below(255)) - 127);
    }
    for (std::size_t o = 0; o < Outputs; ++o) {
      constexpr auto room = static_cast<std::int32_t>(2147483647 - std::int64_t{Terms} * 255 * 128);
      const auto bits = static_cast<std::int32_t>(random.bits());
      p.bias[o] = is_extreme ? pick(-room, room) : bits >> 18;
      p.multipliers[o] = static_cast<std::int32_t>(random.bits() >> 2) + (1 << 30);
      p.shifts[o] = static_cast<std::int8_t>(-static_cast<int>(random.below(7)) - 4);
      if (is_extreme) {
        p.multipliers[o] = pick(1 << 30, 2147483647);
        p.shifts[o] = static_cast<std::int8_t>(-static_cast<int>(random.below(12)) - 20);
      }
      if (Kind == numbers::with_left && o % 2 == 0) {
        p.shifts[o] = static_cast<std::int8_t>(static_cast<int>(o / 2 % 3));
      }
      if (o % 5 == 4) { // a unit that has died, with a scale of no meaning
        std::fill_n(p.weights.data() + o * Terms, Terms, std::int8_t{0});
        p.shifts[o] = static_cast<std::int8_t>(pick(30, -31));
        p.bias[o] = o % 2 == 0 ? p.bias[o] : 0;
      }
    }
    const auto code = [&] {
      return static_cast<std::int8_t>(is_extreme ? pick(-128, 127)
                                                 : static_cast<int>(random.below(256)) - 128);
    };
    p.input_zero_point[0] = code();
    p.output_zero_point[0] = code();
    p.lowest[0] = Relu ? p.output_zero_point[0] : std::int8_t{-128};
    p.highest[0] = random.below(3) == 0 ? std::int8_t{100} : std::int8_t{127};
    p.highest[0] = std::max(p.highest[0], p.lowest[0]);
    return p;
  }();
};

constexpr std::int8_t untouched = 0x55;

/// Runs generic(x, y) and helium(x, y) on all kinds of inputs, at every distance from a multiple of
/// 16, each in memory that ends where the input does, so that the address sanitizer sees a read too
/// far.
template <std::size_t Inputs, std::size_t Outputs>
void check_same(auto generic, auto helium) {
  constexpr std::size_t rows = 2;
  random_source random{Inputs * 31 + Outputs};
  bool same = true;
  for (std::size_t offset = 0; offset < 16; ++offset) {
    std::vector<std::int8_t> x(offset + rows * Inputs);
    for (std::size_t i = offset; i < x.size(); ++i) {
      const std::uint32_t bits = random.bits() >> 8;
      x[i] = static_cast<std::int8_t>(offset == 0       ? 127
                                      : offset == 1     ? -128
                                      : offset % 2 == 0 ? static_cast<int>(bits % 256) - 128
                                      : bits % 2 == 0   ? 127
                                                        : -128);
    }
    std::vector<std::int8_t> expected(16 + offset + rows * Outputs + 16, untouched);
    std::vector<std::int8_t> got = expected;
    generic(rows, x.data() + offset, expected.data() + 16 + offset);
    helium(rows, x.data() + offset, got.data() + 16 + offset);
    same = same && expected == got;
  }
  CHECK(same);
}

template <class Rounding, std::size_t Inputs, std::size_t Outputs, class Constants>
void check_dense() {
  using kernel = kernels::constant_dense_int8<isa::helium, balanced>;
  CAPTURE(Inputs, Outputs, Rounding::name);
  if constexpr (kernel::template fits<Rounding, Inputs, Outputs, Constants>) {
    check_same<Inputs, Outputs>(
        [](std::size_t rows, const std::int8_t* x, std::int8_t* y) {
          kernels::dense_int8<isa::generic>::template forward<Rounding, Inputs, Outputs>(
              rows, x, Constants::value.template view<none>(), y);
        },
        kernel::template forward<Rounding, Inputs, Outputs, Constants>);
  } else {
    CHECK(std::is_same_v<Rounding, rounding::once>);
  }
}

template <std::size_t Inputs, std::size_t Outputs>
void check_dense() {
  const auto check = []<numbers Kind, bool Relu, class Rounding>() {
    using constants = drawn<Outputs, Inputs, Kind, Inputs * 100 + Outputs, Relu>;
    check_dense<Rounding, Inputs, Outputs, constants>();
  };
  check.template operator()<numbers::useful, true, rounding::twice>();
  check.template operator()<numbers::extreme, false, rounding::twice>();
  check.template operator()<numbers::with_left, false, rounding::twice>();
  check.template operator()<numbers::useful, false, rounding::once>();
  check.template operator()<numbers::with_left, true, rounding::once>();
}

template <class Rounding, window Window, std::size_t Filters, std::size_t Groups, std::size_t Pool,
          class Constants>
void check_convolution() {
  using kernel = kernels::constant_conv2d_int8<isa::helium, balanced>;
  CAPTURE(Window.input.height, Window.input.width, Window.input.channels, Window.kernel_height,
          Window.kernel_width, Window.stride, Filters, Groups, Pool, Rounding::name);
  if constexpr (kernel::template fits<Rounding, Window, Filters, Groups, Pool, Constants>) {
    check_same<Window.input.size(),
               (Window.output_height / Pool) * (Window.output_width / Pool) * Filters>(
        [](std::size_t rows, const std::int8_t* x, std::int8_t* y) {
          kernels::conv2d_int8<isa::generic>::template forward<Rounding, Window, Filters, Groups,
                                                               Pool>(
              rows, x, Constants::value.template view<none>(), y);
        },
        kernel::template forward<Rounding, Window, Filters, Groups, Pool, Constants>);
  } else {
    CHECK(std::is_same_v<Rounding, rounding::once>);
  }
}

template <shape In, std::size_t Height, std::size_t Width, std::size_t Stride, padding Padding,
          std::size_t Filters, std::size_t Groups, std::size_t Pool>
void check_convolution() {
  constexpr std::size_t terms = Height * Width * In.channels / Groups;
  const auto check = []<numbers Kind, bool Relu, class Rounding>() {
    using constants = drawn<Filters, terms, Kind, terms * 100 + Filters, Relu>;
    check_convolution<Rounding, window{In, Height, Width, Stride, Padding}, Filters, Groups, Pool,
                      constants>();
  };
  check.template operator()<numbers::useful, true, rounding::twice>();
  check.template operator()<numbers::extreme, false, rounding::twice>();
  check.template operator()<numbers::with_left, false, rounding::twice>();
  check.template operator()<numbers::useful, false, rounding::once>();
}

} // namespace

TEST_CASE("dense products by Helium are the generic ones", "[kernels][int8][helium]") {
  check_dense<1, 1>();
  check_dense<2, 3>();
  check_dense<5, 4>();
  check_dense<8, 8>();
  check_dense<15, 5>();
  check_dense<16, 6>();
  check_dense<17, 7>();
  check_dense<31, 2>();
  check_dense<48, 9>();
  check_dense<63, 13>();
  check_dense<64, 10>();
  check_dense<65, 3>();
  check_dense<80, 4>();
  check_dense<100, 10>();
  check_dense<129, 5>();
  check_dense<784, 6>();
}

TEST_CASE("convolutions by Helium are the generic ones", "[kernels][int8][helium]") {
  using enum padding;
  check_convolution<shape{28, 28, 1}, 5, 5, 1, valid, 6, 1, 2>();
  check_convolution<shape{12, 12, 6}, 5, 5, 1, valid, 16, 1, 2>();
  check_convolution<shape{28, 28, 1}, 3, 3, 2, same, 8, 1, 1>();
  check_convolution<shape{7, 9, 1}, 3, 3, 1, same, 5, 1, 1>();
  check_convolution<shape{1, 1, 1}, 3, 3, 1, same, 3, 1, 1>();
  check_convolution<shape{2, 2, 3}, 5, 5, 1, same, 4, 1, 1>();
  check_convolution<shape{5, 6, 3}, 4, 4, 2, same, 7, 1, 1>();
  check_convolution<shape{9, 7, 4}, 3, 3, 1, same, 9, 1, 2>();
  check_convolution<shape{9, 9, 16}, 3, 3, 1, same, 6, 1, 3>();
  check_convolution<shape{7, 5, 20}, 3, 3, 2, same, 5, 1, 1>();
  check_convolution<shape{7, 5, 20}, 3, 3, 1, valid, 5, 1, 1>();
  check_convolution<shape{6, 6, 32}, 3, 3, 1, valid, 4, 1, 2>();
  check_convolution<shape{11, 1, 2}, 4, 1, 1, valid, 3, 1, 1>();
  check_convolution<shape{1, 30, 3}, 1, 9, 1, valid, 4, 1, 1>();
  check_convolution<shape{1, 30, 3}, 1, 9, 2, same, 6, 1, 1>();
  check_convolution<shape{6, 40, 1}, 3, 20, 1, valid, 4, 1, 1>();
  check_convolution<shape{9, 31, 7}, 2, 2, 3, same, 4, 1, 1>();
}

TEST_CASE("convolutions of single points by Helium are the generic ones",
          "[kernels][int8][helium]") {
  using enum padding;
  check_convolution<shape{5, 4, 1}, 1, 1, 1, valid, 4, 1, 1>();
  check_convolution<shape{5, 4, 8}, 1, 1, 1, valid, 16, 1, 1>();
  check_convolution<shape{5, 4, 16}, 1, 1, 1, valid, 32, 1, 1>();
  check_convolution<shape{5, 4, 24}, 1, 1, 2, same, 7, 1, 1>();
  check_convolution<shape{3, 3, 100}, 1, 1, 1, valid, 3, 1, 3>();
}

TEST_CASE("convolutions in groups by Helium are the generic ones", "[kernels][int8][helium]") {
  using enum padding;
  check_convolution<shape{14, 14, 8}, 3, 3, 1, same, 8, 8, 1>();
  check_convolution<shape{14, 14, 16}, 3, 3, 2, same, 16, 16, 1>();
  check_convolution<shape{7, 5, 3}, 3, 3, 1, same, 6, 3, 1>();
  check_convolution<shape{7, 5, 3}, 3, 3, 1, valid, 9, 3, 2>();
  check_convolution<shape{6, 6, 5}, 5, 5, 1, same, 5, 5, 1>();
  check_convolution<shape{6, 5, 20}, 3, 3, 1, same, 20, 20, 1>();
  check_convolution<shape{6, 30, 33}, 3, 3, 1, valid, 33, 33, 1>();
  check_convolution<shape{5, 5, 8}, 3, 3, 1, same, 12, 2, 1>();
  check_convolution<shape{5, 5, 34}, 3, 3, 1, valid, 6, 2, 1>();
  check_convolution<shape{5, 5, 40}, 2, 2, 1, same, 8, 2, 2>();
}

namespace {

/// A factor that could carry a sum out of 32 bits.
struct factor_too_large {
  static constexpr auto value = [] {
    auto p = drawn<4, 9, numbers::useful, 1, false>::value;
    p.shifts[2] = 20;
    return p;
  }();
};

template <class Rounding>
constexpr bool is_same_in_the_compiler() {
  using constants = drawn<3, 9 * 2, numbers::useful, 2, false>;
  constexpr window on{shape{4, 3, 2}, 3, 3, 1, padding::same};
  std::array<std::int8_t, on.input.size()> x{};
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<std::int8_t>(static_cast<int>(i * 37 % 256) - 128);
  }
  std::array<std::int8_t, 4 * 3 * 3> expected{};
  std::array<std::int8_t, 4 * 3 * 3> got{};
  kernels::conv2d_int8<isa::generic>::forward<Rounding, on, 3, 1>(
      1, x.data(), constants::value.template view<none>(), expected.data());
  kernels::constant_conv2d_int8<isa::helium, fastest>::forward<Rounding, on, 3, 1, 1, constants>(
      1, x.data(), got.data());
  return expected == got;
}
static_assert(is_same_in_the_compiler<rounding::twice>());
static_assert(is_same_in_the_compiler<rounding::once>());

} // namespace

TEST_CASE("Helium's kernels refuse what they would not compute exactly",
          "[kernels][int8][helium]") {
  using dense = kernels::constant_dense_int8<isa::helium, balanced>;
  CHECK(dense::fits<rounding::twice, 9, 4, factor_too_large>);
  CHECK_FALSE(dense::fits<rounding::once, 9, 4, factor_too_large>);
  CHECK_FALSE(kernels::constant_dense_int8<isa::helium, smallest>::fits<rounding::twice, 9, 4,
                                                                        factor_too_large>);
  check_dense<rounding::twice, 9, 4, factor_too_large>();
}

TEST_CASE("Helium's tables take little more than the parameters", "[kernels][int8][helium]") {
  using dense = kernels::constant_dense_int8<isa::helium, balanced>;
  using constants = drawn<8, 100, numbers::useful, 3, true>;
  constexpr std::size_t parameters = 8 * (100 + 4 + 4 + 1);
  CHECK(dense::flash_bytes<rounding::twice, 100, 8, constants> >= parameters);
  CHECK(dense::flash_bytes<rounding::twice, 100, 8, constants> < parameters + 20);
}
