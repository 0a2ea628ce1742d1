// Layers of shapes and numbers drawn at random: the kernels of the instruction set against the
// plain loops, on the device, with the input at every alignment. MOTE_SWEEP_FIRST is the first
// seed, MOTE_SWEEP_COUNT how many there are.
#include <mote/mote.hpp>

#include "semihosting.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <type_traits>
#include <utility>

#if !defined(MOTE_SWEEP_FIRST)
#  define MOTE_SWEEP_FIRST 0
#  define MOTE_SWEEP_COUNT 12
#endif

namespace {

/// Mixes a number well enough to draw shapes by (the finalizer of MurmurHash3).
constexpr std::uint32_t mixed(std::uint32_t x) {
  x = (x ^ (x >> 16)) * 0x85eb'ca6bu;
  x = (x ^ (x >> 13)) * 0xc2b2'ae35u;
  return x ^ (x >> 16);
}

/// The `what`th number of a seed, from `lowest` to `highest`.
constexpr std::uint32_t drawn(std::uint32_t seed, std::uint32_t what, std::uint32_t lowest,
                              std::uint32_t highest) {
  return lowest + mixed(seed * 64 + what) % (highest - lowest + 1);
}

template <std::uint32_t Seed>
struct config {
  static constexpr std::size_t channels =
      std::array<std::size_t, 6>{1, 2, 3, 4, 7, 8}[drawn(Seed, 0, 0, 5)];
  static constexpr std::size_t kernel = drawn(Seed, 1, 1, 3);
  static constexpr std::size_t height = drawn(Seed, 2, kernel, 7);
  static constexpr std::size_t width = drawn(Seed, 3, kernel, 9);
  static constexpr std::size_t stride = drawn(Seed, 4, 1, 2);
  static constexpr std::size_t filters = drawn(Seed, 5, 1, 9);
  static constexpr auto border =
      drawn(Seed, 6, 0, 1) == 0 ? mote::padding::valid : mote::padding::same;
  using rounding =
      std::conditional_t<drawn(Seed, 7, 0, 2) != 0, mote::rounding::twice, mote::rounding::once>;
  using activation = std::conditional_t<drawn(Seed, 8, 0, 1) == 0, mote::relu, mote::identity>;

  static constexpr auto draw_layer() {
    constexpr std::uint32_t kind = drawn(Seed, 9, 0, 4);
    using conv = mote::conv2d<filters, kernel, stride, border>;
    constexpr bool has_pool = conv::output(mote::shape{height, width, channels}).height >= 2 &&
                              conv::output(mote::shape{height, width, channels}).width >= 2;
    if constexpr (kind == 0) {
      return std::type_identity<std::conditional_t<
          drawn(Seed, 10, 0, 1) == 0, mote::int8_dense<filters, activation, rounding>,
          mote::int8_sparse_dense<filters, activation, rounding>>>{};
    } else if constexpr (kind == 1) {
      return std::type_identity<mote::int8_convolution<
          mote::depthwise_conv2d<kernel, stride, border>, activation, rounding>>{};
    } else if constexpr (kind == 2 && has_pool) {
      return std::type_identity<
          mote::int8_convolution<conv, activation, rounding, mote::max_pool2d<2>>>{};
    } else {
      return std::type_identity<mote::int8_convolution<conv, activation, rounding>>{};
    }
  }
  using layer = typename decltype(draw_layer())::type;
  using image = mote::input<height, width, channels>;
  using network =
      std::conditional_t<drawn(Seed, 9, 0, 4) == 0, mote::network<image, mote::flatten, layer>,
                         mote::network<image, layer>>;

  static constexpr std::int8_t draw_zero_point(mote::random_source& random) {
    constexpr std::array<std::int8_t, 3> special{-128, 127, 0};
    const auto pick = random.below(6);
    return pick < 3 ? special[pick]
                    : static_cast<std::int8_t>(static_cast<int>(random.below(256)) - 128);
  }

  static constexpr mote::parameters<network> parameters = [] {
    mote::parameters<network> result{};
    mote::random_source random(Seed);
    auto& p = mote::get<network::size - 1>(result);
    for (auto& weight : p.weights.values) {
      weight = static_cast<std::int8_t>(static_cast<int>(random.below(255)) - 127);
    }
    for (std::size_t o = 0; o < p.bias.size; ++o) {
      p.bias[o] = static_cast<std::int32_t>(random.below(20000)) - 10000;
      p.multipliers[o] = static_cast<std::int32_t>(random.bits() >> 2) + (std::int32_t{1} << 30);
      p.shifts[o] = static_cast<std::int8_t>(-static_cast<int>(random.below(6)) - 4);
    }
    p.input_zero_point[0] = draw_zero_point(random);
    p.output_zero_point[0] = draw_zero_point(random);
    p.lowest[0] =
        std::is_same_v<activation, mote::relu> ? p.output_zero_point[0] : std::int8_t{-128};
    p.highest[0] = 127;
    return result;
  }();
};

enum class pattern { lowest, highest, random, extreme };

void fill(std::span<std::int8_t> inputs, pattern kind, std::uint32_t seed) {
  mote::random_source random(seed);
  for (auto& input : inputs) {
    const auto any = static_cast<std::int8_t>(static_cast<int>(random.below(256)) - 128);
    const bool is_high = kind == pattern::highest || (kind == pattern::extreme && any < 0);
    input = kind == pattern::random ? any : is_high ? std::int8_t{127} : std::int8_t{-128};
  }
}

constexpr std::size_t alignments = 16;
constexpr std::int8_t untouched = 0x55;

/// What the last layer of the model, which has the weights, writes at `y` for the inputs at `x`.
template <class Model, class Policy>
[[gnu::noinline]] void run(const std::int8_t* x, std::int8_t* y) {
  using net = typename Model::network;
  constexpr std::size_t last = net::size - 1;
  using constants = mote::detail::layer_constants<Model, last>;
  const mote::forward_pass<mote::isa::native, net::inputs[last], net::output, std::int8_t,
                           std::remove_const_t<decltype(constants::value)>>
      pass{constants::value, {x, 1}, {y, 1}};
  net::template layer<last>::forward(
      mote::constant_pass<std::remove_const_t<decltype(pass)>, constants, Policy>{pass});
}

void say_different(std::uint32_t seed, const char* policy, std::size_t offset) {
  firmware::print("DIFFERENT: seed ");
  firmware::print(seed);
  firmware::print(", ");
  firmware::print(policy);
  firmware::print(", input at offset ");
  firmware::print(static_cast<std::uint32_t>(offset));
  firmware::print("\n");
}

/// With the input at each distance from a multiple of 16, and the output at another. A function of
/// its own, so that its memory is on the stack only while it runs.
template <class Model, class Policy>
[[gnu::noinline]] bool same(std::uint32_t seed) {
  using net = typename Model::network;
  mote::workspace<net> plain_memory{};
  constexpr std::size_t outputs = net::output.size();
  alignas(alignments) std::int8_t x[alignments + net::input.size()]{};
  alignas(alignments) std::int8_t y[2 * alignments + outputs];
  for (const pattern kind :
       {pattern::lowest, pattern::highest, pattern::random, pattern::extreme}) {
    fill(plain_memory.input().elements(), kind, seed);
    const auto expected = mote::forward<mote::isa::generic>(Model::parameters, plain_memory)[0];
    for (std::size_t offset = 0; offset < alignments; ++offset) {
      fill({x + offset, net::input.size()}, kind, seed);
      std::fill(std::begin(y), std::end(y), untouched);
      std::int8_t* const found = y + offset * 7 % alignments;
      run<Model, Policy>(x + offset, found);
      const auto is_untouched = [](std::int8_t code) { return code == untouched; };
      if (!std::equal(expected.begin(), expected.end(), found) ||
          !std::all_of(y, found, is_untouched) ||
          !std::all_of(found + outputs, std::end(y), is_untouched)) {
        say_different(seed, Policy::name, offset);
        return false;
      }
    }
  }
  return true;
}

} // namespace

int main() {
  const std::uint32_t equal =
      []<std::uint32_t... Index>(std::integer_sequence<std::uint32_t, Index...>) {
    return ((same<config<MOTE_SWEEP_FIRST + Index>, mote::balanced>(MOTE_SWEEP_FIRST + Index) &&
                     same<config<MOTE_SWEEP_FIRST + Index>, mote::fastest>(MOTE_SWEEP_FIRST + Index)
                 ? 1u
                 : 0u) +
            ...);
  }
  (std::make_integer_sequence<std::uint32_t, MOTE_SWEEP_COUNT>{});
  firmware::print(equal);
  firmware::print(" of ");
  firmware::print(std::uint32_t{MOTE_SWEEP_COUNT});
  firmware::print(" layers the same\n");
  return equal == MOTE_SWEEP_COUNT ? 0 : 1;
}
