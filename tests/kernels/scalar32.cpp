#include <mote/core/isa.hpp>
#include <mote/core/policy.hpp>
#include <mote/core/random.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/scalar32/conv2d_int8.hpp>
#include <mote/kernels/scalar32/dense_int8.hpp>
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "../catch.hpp"

namespace {

using mote::padding;
using mote::shape;
using mote::window;
using mote::isa::scalar32;
using mote::rounding::once;
using mote::rounding::twice;

enum class weights { random, extreme, third, dead, lowest };
enum class shifts { useful, smallest, largest, left, too_far };

/// How the constants of a layer are drawn.
struct recipe {
  unsigned seed = 1;
  weights kind = weights::random;
  shifts shift = shifts::useful;
  int input_zero_point = -128;
  int output_zero_point = -128;
  int lowest = -128;
  int highest = 127;
};

constexpr int draw_shift(mote::random_source& random, shifts kind) {
  switch (kind) {
  case shifts::smallest:
    return -22;
  case shifts::largest:
    return -1;
  case shifts::left:
    return 1;
  case shifts::too_far:
    return -23;
  default:
    return -static_cast<int>(random.below(8)) - 4;
  }
}

/// Outputs x Terms weights and what belongs to them.
template <std::size_t Outputs, std::size_t Terms, recipe Recipe>
struct constants {
  static constexpr auto value = [] {
    mote::random_source random{Recipe.seed};
    mote::int8_product_parameters<mote::tensor<std::int8_t, Outputs, Terms>, Outputs> p{};
    for (std::size_t o = 0; o < Outputs; ++o) {
      // One channel of several is dead.
      const bool is_dead = Recipe.kind == weights::dead && o % 3 == 0;
      for (std::size_t i = 0; i < Terms && !is_dead; ++i) {
        // Of which two fill a lane, or three.
        const int filling = Recipe.kind == weights::extreme ? 127
                            : Recipe.kind == weights::third ? 85
                                                            : 0;
        const int any = static_cast<int>(random.below(255)) - 127;
        p.weights[o * Terms + i] = static_cast<std::int8_t>(filling == 0 ? any
                                                            : any < 0    ? -filling
                                                                         : filling);
      }
      p.bias[o] = static_cast<std::int32_t>(random.bits()) >> 16;
      p.multipliers[o] = static_cast<std::int32_t>(random.bits() >> 2) + (1 << 30);
      p.shifts[o] = static_cast<std::int8_t>(draw_shift(random, Recipe.shift));
    }
    if (Recipe.kind == weights::lowest) {
      p.weights[Outputs * Terms - 1] = -128;
    }
    p.multipliers[0] = std::numeric_limits<std::int32_t>::max();
    p.multipliers[Outputs - 1] = 1 << 30;
    p.input_zero_point[0] = static_cast<std::int8_t>(Recipe.input_zero_point);
    p.output_zero_point[0] = static_cast<std::int8_t>(Recipe.output_zero_point);
    p.lowest[0] = static_cast<std::int8_t>(Recipe.lowest);
    p.highest[0] = static_cast<std::int8_t>(Recipe.highest);
    return p;
  }();
};

/// What the generic kernels read.
template <class Numbers>
auto view() {
  const auto& p = Numbers::value;
  return mote::kernels::int8_product<const std::int8_t*, const std::int32_t*>{
      p.weights.data(),      p.bias.data(),          p.multipliers.data(), p.shifts.data(),
      p.input_zero_point[0], p.output_zero_point[0], p.lowest[0],          p.highest[0]};
}

constexpr std::int8_t untouched = 0x55;
constexpr std::size_t margin = 16;

/// Runs both on the same rows, at each distance of the input from a multiple of
/// 16, and with inputs from the whole range and only from its ends.
template <std::size_t InputSize, std::size_t OutputSize, class Generic, class Kernel>
void check_equal(unsigned seed, Generic&& generic, Kernel&& kernel) {
  constexpr std::size_t rows = 2;
  mote::random_source random{seed};
  for (std::size_t offset = 0; offset < 16; ++offset) {
    // The input ends where its memory ends, so that the address sanitizer sees
    // a read too far.
    std::vector<std::int8_t> x(offset + rows * InputSize);
    for (auto& code : x) {
      const auto drawn = static_cast<int>(random.below(256)) - 128;
      code = static_cast<std::int8_t>(offset % 2 == 0 ? drawn : drawn < 0 ? -128 : 127);
    }
    if (offset >= 14) { // all of one sign: the largest sums
      std::fill(x.begin(), x.end(), static_cast<std::int8_t>(offset == 14 ? -128 : 127));
    }
    std::vector<std::int8_t> wanted(rows * OutputSize);
    std::vector<std::int8_t> y(margin + rows * OutputSize + margin, untouched);
    generic(rows, x.data() + offset, wanted.data());
    kernel(rows, x.data() + offset, y.data() + margin);
    const auto begin = y.begin() + margin;
    const auto end = y.end() - margin;
    const bool same = std::equal(begin, end, wanted.begin(), wanted.end());
    CAPTURE(seed, offset);
    CHECK(same);
    const auto is_untouched = [](std::int8_t code) { return code == untouched; };
    CHECK(std::all_of(y.begin(), begin, is_untouched));
    CHECK(std::all_of(end, y.end(), is_untouched));
  }
}

template <class Policy, class Rounding, std::size_t Inputs, std::size_t Outputs, recipe Recipe>
void check_dense_rounding() {
  using numbers = constants<Outputs, Inputs, Recipe>;
  using kernel = mote::kernels::constant_dense_int8<scalar32, Policy>;
  static_assert(kernel::template fits<Rounding, Inputs, Outputs, numbers>);
  CAPTURE(Inputs, Outputs, Rounding::name, Policy::name);
  check_equal<Inputs, Outputs>(
      Recipe.seed,
      [](std::size_t rows, const std::int8_t* x, std::int8_t* y) {
        mote::kernels::dense_int8<mote::isa::generic>::forward<Rounding, Inputs, Outputs>(
            rows, x, view<numbers>(), y);
      },
      kernel::template forward<Rounding, Inputs, Outputs, numbers>);
}

template <std::size_t Inputs, std::size_t Outputs, recipe Recipe>
void check_dense() {
  check_dense_rounding<mote::fastest, twice, Inputs, Outputs, Recipe>();
  check_dense_rounding<mote::fastest, once, Inputs, Outputs, Recipe>();
  check_dense_rounding<mote::balanced, twice, Inputs, Outputs, Recipe>();
  check_dense_rounding<mote::balanced, once, Inputs, Outputs, Recipe>();
}

template <class Policy, class Rounding, window Window, std::size_t Filters, std::size_t Groups,
          std::size_t Pool, recipe Recipe>
void check_conv_rounding() {
  constexpr std::size_t terms =
      Window.kernel_height * Window.kernel_width * Window.input.channels / Groups;
  using numbers = constants<Filters, terms, Recipe>;
  using kernel = mote::kernels::constant_conv2d_int8<scalar32, Policy>;
  static_assert(kernel::template fits<Rounding, Window, Filters, Groups, Pool, numbers>);
  CAPTURE(Window.input.height, Window.input.width, Window.input.channels, Window.kernel_height,
          Window.kernel_width, Window.stride, Filters, Groups, Pool, Rounding::name, Policy::name);
  constexpr std::size_t outputs =
      (Window.output_height / Pool) * (Window.output_width / Pool) * Filters;
  check_equal<Window.input.size(), outputs>(
      Recipe.seed,
      [](std::size_t rows, const std::int8_t* x, std::int8_t* y) {
        mote::kernels::conv2d_int8<mote::isa::generic>::forward<Rounding, Window, Filters, Groups,
                                                                Pool>(rows, x, view<numbers>(), y);
      },
      kernel::template forward<Rounding, Window, Filters, Groups, Pool, numbers>);
}

template <shape In, std::size_t Height, std::size_t Width, std::size_t Stride, padding Padding,
          std::size_t Filters, std::size_t Groups, std::size_t Pool, recipe Recipe>
void check_conv() {
  constexpr window on{In, Height, Width, Stride, Padding};
  check_conv_rounding<mote::fastest, twice, on, Filters, Groups, Pool, Recipe>();
  check_conv_rounding<mote::fastest, once, on, Filters, Groups, Pool, Recipe>();
}

} // namespace

TEST_CASE("constant dense weights for scalar cores give the generic kernel's codes", "[int8]") {
  check_dense<1, 1, recipe{.seed = 1}>();
  check_dense<2, 3, recipe{.seed = 2, .input_zero_point = 127}>();
  check_dense<3, 2, recipe{.seed = 3, .output_zero_point = 127}>();
  check_dense<7, 5, recipe{.seed = 4, .kind = weights::extreme, .output_zero_point = -7}>();
  check_dense<8, 4, recipe{.seed = 5, .output_zero_point = 3, .lowest = 3, .highest = 90}>();
  check_dense<9, 6, recipe{.seed = 6, .kind = weights::dead, .input_zero_point = 12}>();
  check_dense<15, 7, recipe{.seed = 7, .shift = shifts::smallest, .output_zero_point = 0}>();
  check_dense<16, 8, recipe{.seed = 8, .shift = shifts::largest, .output_zero_point = 0}>();
  check_dense<17, 9, recipe{.seed = 9, .kind = weights::extreme, .input_zero_point = 127}>();
  check_dense<31, 10, recipe{.seed = 10, .input_zero_point = 0, .output_zero_point = 1}>();
  check_dense<32, 11, recipe{.seed = 11, .output_zero_point = 127, .lowest = -100}>();
  check_dense<33, 12, recipe{.seed = 12, .output_zero_point = -128, .highest = -128}>();
  check_dense<100, 13, recipe{.seed = 13, .kind = weights::extreme}>();
  check_dense<784, 10, recipe{.seed = 14, .kind = weights::extreme}>();
  check_dense<9, 4, recipe{.seed = 16, .kind = weights::third}>();
  check_dense<32, 5, recipe{.seed = 17, .kind = weights::third, .output_zero_point = 9}>();
  check_dense<4097, 3, recipe{.seed = 15, .kind = weights::extreme, .input_zero_point = 127}>();
}

TEST_CASE("constant convolutions for scalar cores give the generic kernel's codes", "[int8]") {
  constexpr auto valid = padding::valid;
  constexpr auto same = padding::same;
  check_conv<shape{1, 1, 1}, 1, 1, 1, valid, 1, 1, 1, recipe{.seed = 20}>();
  check_conv<shape{7, 5, 1}, 5, 5, 1, valid, 6, 1, 1, recipe{.seed = 21}>();
  check_conv<shape{8, 9, 1}, 5, 5, 1, valid, 6, 1, 2,
             recipe{.seed = 22, .kind = weights::extreme}>();
  check_conv<shape{7, 8, 6}, 5, 5, 1, valid, 16, 1, 2, recipe{.seed = 23}>();
  check_conv<shape{9, 10, 3}, 2, 3, 1, valid, 5, 1, 3,
             recipe{.seed = 24, .input_zero_point = 127, .output_zero_point = 5}>();
  check_conv<shape{5, 4, 8}, 1, 1, 1, valid, 16, 1, 1,
             recipe{.seed = 25, .kind = weights::dead, .output_zero_point = -3, .lowest = -3}>();
  check_conv<shape{5, 7, 8}, 1, 1, 2, same, 9, 1, 1, recipe{.seed = 26}>();
  check_conv<shape{6, 6, 1}, 3, 3, 2, same, 8, 1, 1, recipe{.seed = 27, .input_zero_point = 127}>();
  check_conv<shape{5, 7, 3}, 3, 3, 1, same, 7, 1, 1, recipe{.seed = 28, .input_zero_point = 7}>();
  check_conv<shape{6, 7, 2}, 5, 4, 1, same, 4, 1, 2,
             recipe{.seed = 29, .kind = weights::extreme, .input_zero_point = 0}>();
  check_conv<shape{3, 3, 16}, 3, 3, 2, same, 3, 1, 1, recipe{.seed = 30}>();
  check_conv<shape{4, 19, 40}, 3, 3, 1, valid, 4, 1, 1, recipe{.seed = 31}>();
  check_conv<shape{9, 3}, 1, 4, 1, valid, 4, 1, 1, recipe{.seed = 32}>(); // a sequence
  check_conv<shape{5, 5, 8}, 1, 1, 1, same, 8, 1, 1, recipe{.seed = 33, .kind = weights::third}>();
  check_conv<shape{9, 11, 1}, 3, 3, 2, same, 8, 1, 1,
             recipe{.seed = 34, .kind = weights::third, .input_zero_point = 5}>();
  check_conv<shape{4, 9, 2}, 2, 2, 1, valid, 7, 1, 2,
             recipe{.seed = 35, .kind = weights::third, .output_zero_point = 0, .lowest = 0}>();
}

TEST_CASE("constant depthwise convolutions for scalar cores give the generic "
          "kernel's codes",
          "[int8]") {
  constexpr auto valid = padding::valid;
  constexpr auto same = padding::same;
  check_conv<shape{5, 7, 3}, 3, 3, 1, same, 3, 3, 1, recipe{.seed = 40}>();
  check_conv<shape{6, 8, 4}, 3, 3, 2, same, 4, 4, 1,
             recipe{.seed = 41, .kind = weights::extreme, .input_zero_point = 127}>();
  check_conv<shape{3, 3, 2}, 3, 3, 2, same, 4, 2, 1, recipe{.seed = 42, .input_zero_point = 0}>();
  check_conv<shape{7, 6, 2}, 2, 3, 1, valid, 6, 2, 1,
             recipe{.seed = 43, .output_zero_point = 127}>();
  check_conv<shape{6, 6, 3}, 5, 5, 1, same, 3, 3, 1,
             recipe{.seed = 44, .output_zero_point = 4, .lowest = 4, .highest = 60}>();
  check_conv<shape{5, 5, 5}, 1, 1, 1, same, 5, 5, 1, recipe{.seed = 45, .kind = weights::dead}>();
  check_conv<shape{3, 14, 2}, 3, 3, 1, same, 2, 2, 1, recipe{.seed = 46}>(); // six windows at once
  check_conv<shape{4, 13, 1}, 4, 3, 2, valid, 2, 1, 1,
             recipe{.seed = 47, .shift = shifts::largest}>();
}

namespace {

template <recipe Recipe>
constexpr bool dense_fits =
    mote::kernels::constant_dense_int8<scalar32, mote::fastest>::fits<twice, 8, 4,
                                                                      constants<4, 8, Recipe>>;

static_assert(dense_fits<recipe{}>);
// Where a lane could overflow, and where requantization is not a right shift.
static_assert(!dense_fits<recipe{.kind = weights::lowest}>);
static_assert(!dense_fits<recipe{.shift = shifts::left}>);
static_assert(!dense_fits<recipe{.shift = shifts::too_far}>);

/// A whole model; the second layer has a shift that the kernels do not fit.
struct model {
  using network = mote::network<mote::input<6, 6, 2>,
                                mote::int8_convolution<mote::conv2d<3, 3>, mote::relu, twice>,
                                mote::flatten, mote::int8_dense<5, mote::identity, twice>>;
  static constexpr mote::parameters<network> parameters = [] {
    mote::parameters<network> p{};
    const auto copy = [](const auto& from, auto& to) {
      std::copy_n(from.weights.data(), from.weights.size, to.weights.data());
      to.bias = from.bias;
      to.multipliers = from.multipliers;
      to.shifts = from.shifts;
      to.input_zero_point = from.input_zero_point;
      to.output_zero_point = from.output_zero_point;
      to.lowest = from.lowest;
      to.highest = from.highest;
    };
    copy(constants<3, 18, recipe{.seed = 50}>::value, mote::get<0>(p));
    copy(constants<5, 48, recipe{.seed = 51, .shift = shifts::too_far}>::value, mote::get<2>(p));
    return p;
  }();
};

template <class Policy, class Isa>
constexpr std::array<std::int8_t, 5> outputs_of_model() {
  mote::workspace<model::network> memory{};
  mote::random_source random{52};
  for (auto& code : memory.input()[0]) {
    code = static_cast<std::int8_t>(static_cast<int>(random.below(256)) - 128);
  }
  const auto output = mote::forward<model, Policy, Isa>(memory)[0];
  std::array<std::int8_t, 5> result{};
  std::copy_n(output.data(), 5, result.data());
  return result;
}

constexpr auto generic_outputs = outputs_of_model<mote::smallest, mote::isa::generic>();
static_assert(outputs_of_model<mote::fastest, scalar32>() == generic_outputs);
static_assert(outputs_of_model<mote::balanced, scalar32>() == generic_outputs);

// Two bytes a weight, or one, and at most 16 a unit for the rest.
template <class Policy>
using dense_kernel = mote::kernels::constant_dense_int8<scalar32, Policy>;
template <class Policy>
constexpr std::size_t flash_bytes =
    dense_kernel<Policy>::template flash_bytes<twice, 64, 4, constants<4, 64, recipe{}>>;
static_assert(flash_bytes<mote::fastest> == 2 * 64 * 4 + 4 * 16);
static_assert(flash_bytes<mote::balanced> == 64 * 4 + 4 * 16);

} // namespace

TEST_CASE("a model runs with the kernels that fit", "[int8]") {
  CHECK(outputs_of_model<mote::fastest, scalar32>() == generic_outputs);
  CHECK(outputs_of_model<mote::balanced, scalar32>() == generic_outputs);
  CHECK(outputs_of_model<mote::smallest, scalar32>() == generic_outputs);
}

namespace {

using mote::kernels::scalar32::product;

/// The codes of all sums of one input, with each weight, or of many from the whole range of sums.
template <product Product, class Rounding, recipe Recipe>
void check_codes() {
  using numbers = constants<7, 5, Recipe>;
  using codes = mote::kernels::scalar32::codes<Rounding, numbers, Product>;
  using facts = mote::kernels::product_constants<numbers>;
  static_assert(codes::fits);
  int wrong = 0;
  for (std::size_t o = 0; o < 7; ++o) {
    const auto bias = numbers::value.bias[o];
    const auto lowest = static_cast<std::int32_t>(facts::channels[o].sum.lowest) - bias;
    const auto highest = static_cast<std::int32_t>(facts::channels[o].sum.highest) - bias;
    for (std::int32_t sum = lowest; sum <= highest; ++sum) {
      const std::int8_t wanted = view<numbers>().template output<Rounding>(sum, o);
      // Of the inputs as they are.
      std::int32_t raw = sum + numbers::value.input_zero_point[0] * facts::channels[o].weights;
      if constexpr (codes::sums_have_bias) {
        raw = codes::sign * raw + codes::start(o);
      }
      wrong += codes::code(raw, codes::at(o)) != wanted;
      wrong += codes::code_of_scaled(raw * codes::scale, codes::at(o)) != wanted;
    }
  }
  CAPTURE(Rounding::name, static_cast<int>(Product));
  CHECK(wrong == 0);
}

template <recipe Recipe>
void check_all_codes() {
  check_codes<product::narrow, twice, Recipe>();
  check_codes<product::narrow, once, Recipe>();
  check_codes<product::accumulating, twice, Recipe>();
  check_codes<product::accumulating, once, Recipe>();
  check_codes<product::high, twice, Recipe>();
  check_codes<product::high, once, Recipe>();
}

} // namespace

TEST_CASE("every sum becomes the specification's code, whatever the core multiplies with",
          "[int8]") {
  check_all_codes<recipe{.seed = 70}>();
  check_all_codes<recipe{.seed = 71, .input_zero_point = 127, .output_zero_point = 0}>();
  check_all_codes<recipe{.seed = 72, .output_zero_point = 4, .lowest = 4, .highest = 60}>();
  check_all_codes<recipe{.seed = 73, .kind = weights::dead, .output_zero_point = -3}>();
  check_all_codes<recipe{.seed = 74, .shift = shifts::smallest, .output_zero_point = 127}>();
  check_all_codes<recipe{.seed = 75, .shift = shifts::largest, .output_zero_point = 1}>();
  check_all_codes<recipe{.seed = 76, .shift = shifts::largest, .lowest = -128, .highest = -128}>();
}

TEST_CASE("groups of columns fill a lane and no more", "[int8]") {
  using mote::kernels::scalar32::lane_groups;
  const auto check = [](const auto& weights, std::size_t threes) {
    constexpr std::size_t columns = 9;
    const auto groups = lane_groups<columns>::of(weights.data(), weights.size() / columns);
    CHECK(groups.threes == threes);
    std::vector<int> seen(columns);
    std::size_t at = 0;
    for (std::size_t g = 0; g < groups.count(); ++g) {
      CHECK(groups.begin_of(g) == at);
      const std::size_t end = at + groups.size_at(at);
      for (std::size_t row = 0; row < weights.size() / columns; ++row) {
        int sum = 0;
        for (std::size_t i = at; i < end; ++i) {
          const int weight = weights[row * columns + groups.order[i]];
          sum += weight < 0 ? -weight : weight;
        }
        CHECK(sum * 128 < 1 << 15);
      }
      for (; at < end; ++at) {
        ++seen[groups.order[at]];
      }
    }
    CHECK(at == columns);
    CHECK(seen == std::vector<int>(columns, 1));
  };
  check(std::vector<std::int8_t>(18, 85), 3);
  check(std::vector<std::int8_t>(18, -86), 0);
  check(std::vector<std::int8_t>{127, 127, 127, 64, 64, 64, 64, 64, 64}, 3);
  check(std::vector<std::int8_t>{127, 127, 127, 127, 1, 1, 127, 127, 1}, 3);
  check(std::vector<std::int8_t>{127, 127, 127, 127, 1, 2, 127, 127, 127}, 1);
}

TEST_CASE("the high half of a product from halves", "[int8]") {
  using halves = mote::kernels::scalar32::high_product_of_halves;
  const auto check = [](std::int32_t a, std::int32_t b) {
    const std::int64_t product = std::int64_t{a} * b;
    CAPTURE(a, b);
    CHECK(halves::add(a, b, 3) == (product >> 32) + 3);
    CHECK(halves::add_rounded(a, b, -5) == ((product + (std::int64_t{1} << 31)) >> 32) - 5);
  };
  constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();
  for (const std::int32_t a : {0, 1, -1, 0xFFFF, 0x10000, -0x10000, -0x10001, most, -most - 1}) {
    for (const std::int32_t b : {0, 1, 0xFFFF, 0x10000, 1 << 30, (1 << 30) + 1, most}) {
      check(a, b);
    }
  }
  mote::random_source random{60};
  for (int i = 0; i < 1000; ++i) {
    check(static_cast<std::int32_t>(random.bits()), static_cast<std::int32_t>(random.bits() >> 1));
  }
}

TEST_CASE("the high half of a product from digits", "[int8]") {
  using digits = mote::kernels::scalar32::high_product_of_digits;
  const auto check = [](std::int32_t a, std::int32_t b) {
    const std::int64_t product = std::int64_t{a} * b;
    CAPTURE(a, b);
    CHECK(digits::of(b).upper<0>(a) == product >> 32);
    CHECK(digits::of(b).upper<1 << 9>(a) == (product + (std::int64_t{1} << 31)) >> 32);
  };
  constexpr std::int32_t largest = digits::largest;
  mote::random_source random{61};
  for (const std::int32_t a : {0, 1, -1, largest, -largest, largest - 1, 1 - largest}) {
    for (const std::int32_t b :
         {0, 1, 0x7FF, 0x800, 1 << 30, std::numeric_limits<std::int32_t>::max()}) {
      check(a, b);
    }
  }
  for (int i = 0; i < 1000; ++i) {
    check(static_cast<std::int32_t>(random.below(2 * largest + 1)) - largest,
          static_cast<std::int32_t>(random.bits() >> 1));
  }
}

TEST_CASE("clamping without a branch", "[int8]") {
  for (std::int32_t x = -1000; x <= 1000; ++x) {
    CHECK(mote::kernels::scalar32::clamp_above<-128, 127>(x) == std::clamp(x - 128, -128, 127));
    CHECK(mote::kernels::scalar32::clamp_above<-3, 90>(x) == std::clamp(x - 3, -3, 90));
    CHECK(mote::kernels::scalar32::clamp_above<5, 5>(x) == 5);
  }
}
