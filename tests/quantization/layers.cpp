// Every layer that has an int8 form, against the specification written out in wide integers and
// with windows that are looked up element by element.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "../catch.hpp"
#include "../reference/fixed_point.hpp"
#include "../support.hpp"

namespace {

using namespace mote;
using codes = std::vector<std::int8_t>;

// --- the specification, from the parameters alone

reference::integer multiply(bool rounds_once, reference::integer x, reference::integer mantissa,
                            int shift) {
  return rounds_once ? reference::multiply_once(x, mantissa, shift)
                     : reference::multiply_twice(x, mantissa, shift);
}

struct geometry {
  shape in;
  shape out;
  std::size_t height, width, stride; // of the window
  padding border;

  std::size_t pad(std::size_t extent, std::size_t outputs, std::size_t kernel) const {
    const std::size_t covered = (outputs - 1) * stride + kernel;
    return border == padding::same && covered > extent ? (covered - extent) / 2 : 0;
  }
  /// Calls f(element of the window, offset in the image) for what lies on the image.
  template <class F>
  void visit(std::size_t row, std::size_t column, F f) const {
    for (std::size_t i = 0; i < height; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        const auto y = static_cast<long>(row * stride + i) -
                       static_cast<long>(pad(in.height, out.height, height));
        const auto x = static_cast<long>(column * stride + j) -
                       static_cast<long>(pad(in.width, out.width, width));
        if (y >= 0 && x >= 0 && y < static_cast<long>(in.height) &&
            x < static_cast<long>(in.width)) {
          f(i * width + j,
            (static_cast<std::size_t>(y) * in.width + static_cast<std::size_t>(x)) * in.channels);
        }
      }
    }
  }
};

template <class Parameters>
codes plain_convolution(const geometry& g, std::size_t groups, const Parameters& p, const codes& x,
                        bool rounds_once) {
  const std::size_t filters = g.out.channels;
  const std::size_t channels = g.in.channels / groups;
  codes y;
  for (std::size_t row = 0; row < g.out.height; ++row) {
    for (std::size_t column = 0; column < g.out.width; ++column) {
      for (std::size_t f = 0; f < filters; ++f) {
        reference::integer sum = p.bias[f];
        g.visit(row, column, [&](std::size_t element, std::size_t at) {
          for (std::size_t c = 0; c < channels; ++c) {
            const int code = x[at + f * groups / filters * channels + c];
            sum += static_cast<reference::integer>(code - p.input_zero_point[0]) *
                   p.weights[(f * g.height * g.width + element) * channels + c];
          }
        });
        sum = multiply(rounds_once, sum, p.multipliers[f], p.shifts[f]);
        y.push_back(static_cast<std::int8_t>(
            reference::saturate(sum + p.output_zero_point[0], p.lowest[0], p.highest[0])));
      }
    }
  }
  return y;
}

/// `combine` takes the elements of one window in one channel.
template <class Combine>
codes plain_pool(const geometry& g, const codes& x, Combine combine) {
  codes y;
  for (std::size_t row = 0; row < g.out.height; ++row) {
    for (std::size_t column = 0; column < g.out.width; ++column) {
      for (std::size_t c = 0; c < g.in.channels; ++c) {
        std::vector<reference::integer> elements;
        g.visit(row, column, [&](std::size_t, std::size_t at) { elements.push_back(x[at + c]); });
        y.push_back(static_cast<std::int8_t>(combine(elements)));
      }
    }
  }
  return y;
}

reference::integer largest(const std::vector<reference::integer>& elements) {
  return *std::max_element(elements.begin(), elements.end());
}

reference::integer mean(const std::vector<reference::integer>& elements) {
  reference::integer sum = 0;
  for (const auto element : elements) {
    sum += element;
  }
  return reference::nearest_ties_away(sum, static_cast<reference::integer>(elements.size()));
}

template <class Parameters>
codes plain_add(const Parameters& p, const codes& a, const codes& b, bool rounds_once) {
  codes y;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto part = [&](std::size_t which, int code) {
      const auto x = static_cast<reference::integer>(code - p.zero_points[which]) *
                     reference::power_of_two(20);
      return multiply(rounds_once, x, p.multipliers[which], p.shifts[which]);
    };
    const auto sum =
        multiply(rounds_once, part(0, a[i]) + part(1, b[i]), p.multipliers[2], p.shifts[2]);
    y.push_back(static_cast<std::int8_t>(
        reference::saturate(sum + p.zero_points[2], p.lowest[0], p.highest[0])));
  }
  return y;
}

// --- what is drawn at random

int zero_point(random_source& random) {
  constexpr std::array<int, 3> special{-128, 127, 0};
  const auto pick = random.below(6);
  return pick < special.size() ? special[pick] : static_cast<int>(random.below(256)) - 128;
}

std::int8_t code(random_source& random, bool is_extreme, int lowest = -128) {
  if (is_extreme) {
    return static_cast<std::int8_t>(random.below(2) == 0 ? lowest : 127);
  }
  return static_cast<std::int8_t>(
      lowest + static_cast<int>(random.below(static_cast<std::uint32_t>(128 - lowest))));
}

/// Parameters that any trained layer could have, and such as none has: weights and codes at the
/// ends, mantissas at 2^31 - 1, shifts at both ends.
template <class Parameters>
void draw_product(Parameters& p, random_source& random, bool is_extreme) {
  for (auto& weight : p.weights.values) {
    weight = code(random, is_extreme, -127);
  }
  const auto terms = p.weights.size / p.bias.size;
  const auto room =
      static_cast<std::int32_t>(2147483647 - static_cast<std::int64_t>(terms) * 255 * 127);
  for (std::size_t o = 0; o < p.bias.size; ++o) {
    constexpr std::array<std::int32_t, 3> mantissas{1 << 30, 2147483646, 2147483647};
    constexpr std::array<std::int8_t, 6> shifts{-31, -30, -1, 0, 1, 30};
    p.bias[o] = is_extreme ? (random.below(2) == 0 ? room : -room)
                           : static_cast<std::int32_t>(random.bits()) >> 18;
    p.multipliers[o] = is_extreme ? mantissas[random.below(3)]
                                  : static_cast<std::int32_t>(random.bits() >> 2) + (1 << 30);
    p.shifts[o] = is_extreme ? shifts[random.below(6)]
                             : static_cast<std::int8_t>(-static_cast<int>(random.below(8)) - 3);
  }
  p.input_zero_point[0] = static_cast<std::int8_t>(zero_point(random));
  p.output_zero_point[0] = static_cast<std::int8_t>(zero_point(random));
  p.lowest[0] = random.below(2) == 0 ? std::int8_t{-128} : p.output_zero_point[0];
  p.highest[0] = 127;
}

/// Runs a network of one int8 layer on every instruction set against `plain(parameters, input)`.
template <class Net, class Draw, class Plain>
void check_layer(Draw draw, Plain plain) {
  constexpr std::size_t rows = 2;
  using memory_type = workspace<Net, std::int8_t, rows>;
  const auto memory = std::make_unique<memory_type>();
  const auto weights = std::make_unique<parameters<Net, std::int8_t>>();
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const bool is_extreme = seed % 2 == 1;
    random_source random{seed};
    draw(*weights, random, is_extreme);
    std::array<codes, rows> inputs;
    for (codes& input : inputs) {
      for (std::size_t i = 0; i < Net::input.size(); ++i) {
        input.push_back(code(random, is_extreme));
      }
    }
    support::for_each_isa([&]<class Isa>(Isa) {
      CAPTURE(Isa::name, seed);
      for (std::size_t row = 0; row < rows; ++row) {
        std::copy(inputs[row].begin(), inputs[row].end(), memory->input()[row].begin());
      }
      const auto output = forward<Isa>(*weights, *memory);
      for (std::size_t row = 0; row < rows; ++row) {
        CHECK(codes(output[row].begin(), output[row].end()) == plain(*weights, inputs[row]));
      }
    });
  }
}

template <class Convolution, class Rounding, std::size_t... Extents>
void check_convolution() {
  using net = network<input<Extents...>, int8_convolution<Convolution, identity, Rounding>>;
  constexpr window on = Convolution::window_on(net::input);
  constexpr bool is_padded = on.pad_top + on.pad_left > 0 || on.is_padded();
  const geometry g{net::input,      net::output, on.kernel_height,
                   on.kernel_width, on.stride,   is_padded ? padding::same : padding::valid};
  check_layer<net>([](auto& weights, random_source& random,
                      bool is_extreme) { draw_product(get<0>(weights), random, is_extreme); },
                   [&](const auto& weights, const codes& x) {
                     return plain_convolution(g, Convolution::groups(net::input), get<0>(weights),
                                              x, std::is_same_v<Rounding, rounding::once>);
                   });
}

template <class Convolution, std::size_t... Extents>
void check_convolution_in_both() {
  INFO(Convolution::name);
  check_convolution<Convolution, rounding::twice, Extents...>();
  check_convolution<Convolution, rounding::once, Extents...>();
}

template <class Pool, class Combine, std::size_t... Extents>
void check_pool(std::index_sequence<Extents...>, Combine combine, padding border,
                std::size_t stride, std::size_t height, std::size_t width) {
  using net = network<input<Extents...>, typename Pool::template quantized<rounding::twice>>;
  shape out = net::output;
  if (out.rank == 1) {
    out = shape{1, 1, out.channels};
  }
  const geometry g{net::input, out, height, width, stride, border};
  check_layer<net>([](auto&, random_source&, bool) {},
                   [&](const auto&, const codes& x) { return plain_pool(g, x, combine); });
}

template <std::size_t... Extents>
using extents = std::index_sequence<Extents...>;

} // namespace

TEST_CASE("int8 convolutions keep to the specification", "[quantization][layers]") {
  check_convolution_in_both<conv2d<3, 3>, 5, 6, 2>();
  check_convolution_in_both<conv2d<8, 3, 1, padding::same>, 5, 4, 8>();
  check_convolution_in_both<conv2d<4, 3, 2, padding::same>, 6, 7, 3>();
  check_convolution_in_both<conv2d<5, 5>, 5, 5, 1>();
  check_convolution_in_both<conv2d<7, 1>, 3, 2, 16>();
  check_convolution_in_both<conv2d<2, 2, 3>, 8, 7, 7>();
  check_convolution_in_both<conv2d<6, 3, 1, padding::same, 3>, 4, 4, 6>();
  check_convolution_in_both<conv2d<1, 1>, 1, 1, 1>();
  check_convolution_in_both<depthwise_conv2d<3, 1, padding::same>, 5, 5, 8>();
  check_convolution_in_both<depthwise_conv2d<3, 2, padding::same>, 7, 6, 3>();
  check_convolution_in_both<depthwise_conv2d<2, 1, padding::valid, 3>, 4, 3, 5>();
  check_convolution_in_both<conv1d<4, 3>, 9, 5>();
  check_convolution_in_both<conv1d<3, 4, 2, padding::same>, 7, 2>();
}

TEST_CASE("int8 pools keep to the specification", "[quantization][layers]") {
  check_pool<max_pool2d<2>>(extents<4, 6, 3>{}, largest, padding::valid, 2, 2, 2);
  check_pool<max_pool2d<3, 2, padding::same>>(extents<5, 6, 17>{}, largest, padding::same, 2, 3, 3);
  check_pool<avg_pool2d<2>>(extents<4, 6, 3>{}, mean, padding::valid, 2, 2, 2);
  check_pool<avg_pool2d<3, 2, padding::same>>(extents<5, 6, 8>{}, mean, padding::same, 2, 3, 3);
  check_pool<global_avg_pool>(extents<5, 7, 3>{}, mean, padding::valid, 1, 5, 7);
}

namespace {

/// RELU, RELU6 and LEAKY_RELU of one code: a multiplication, the zero points, a clamp.
std::int8_t plain_rescaled(bool rounds_once, std::int8_t x, const affine& in, const affine& out,
                           float slope_below, int lowest, int highest) {
  const float slope = x < in.zero_point ? slope_below : 1.0f;
  const fixed_factor factor = to_fixed(static_cast<double>(in.scale * slope / out.scale));
  const auto y = multiply(rounds_once, x - in.zero_point, factor.mantissa, factor.shift);
  return static_cast<std::int8_t>(reference::saturate(y + out.zero_point, lowest, highest));
}

/// HARD_SWISH of one code, as exact fractions of powers of two.
std::int8_t plain_hard_swish(std::int8_t x, const affine& in, const affine& out) {
  using reference::integer;
  const auto saturate16 = [](integer value) { return reference::saturate(value, -32768, 32767); };
  const auto half_mantissa = [](const fixed_factor& factor) {
    return reference::saturate(
        reference::nearest_ties_up(factor.mantissa, reference::power_of_two(16)), 0, 32767);
  };
  const float fine = (1.0f / 128.0f) * in.scale;
  const fixed_factor to_output = to_fixed(static_cast<double>(fine / out.scale));
  const fixed_factor to_relu = to_fixed(static_cast<double>(fine / (3.0f / 32768.0f)));
  const integer wide = (x - in.zero_point) * 128;
  const integer scaled = saturate16(
      reference::nearest_ties_up(wide * half_mantissa(to_output), reference::power_of_two(15)));
  const int left = std::max<int>(to_relu.shift, 0);
  integer relu = saturate16(wide * reference::power_of_two(std::max(left - 1, 0)));
  relu = saturate16(
      reference::nearest_ties_up(relu * half_mantissa(to_relu), reference::power_of_two(15)));
  relu = saturate16(relu * reference::power_of_two(std::min(left, 1)));
  relu =
      reference::nearest_ties_away(relu, reference::power_of_two(std::max<int>(-to_relu.shift, 0)));
  relu = reference::floor_of(relu + 32768, 2);
  const integer product = relu * scaled / 32768; // towards zero
  const integer y =
      reference::nearest_ties_away(product, reference::power_of_two(-to_output.shift));
  return static_cast<std::int8_t>(reference::saturate(y + out.zero_point, -128, 127));
}

template <class Rounding>
void check_activation_codes() {
  constexpr bool once = std::is_same_v<Rounding, rounding::once>;
  random_source random{11};
  for (int draw = 0; draw < 300; ++draw) {
    const auto mapping = [&](float lowest, float highest) {
      return affine{lowest + (highest - lowest) * random.uniform<float>(), zero_point(random)};
    };
    const affine in = mapping(0.001f, 0.3f);
    const affine out = mapping(0.004f, 0.3f);
    CAPTURE(in.scale, in.zero_point, out.scale, out.zero_point);
    bool all_equal = true;
    for (int i = -128; i < 128; ++i) {
      const auto x = static_cast<std::int8_t>(i);
      const int six = static_cast<int>(reference::code_of(6.0f, out.scale, out.zero_point));
      const int zero = std::max(out.zero_point, -128);
      all_equal = all_equal &&
                  relu::int8_code<Rounding>(x, in, out) ==
                      plain_rescaled(once, x, in, out, 1.0f, zero, 127) &&
                  relu6::int8_code<Rounding>(x, in, out) ==
                      plain_rescaled(once, x, in, out, 1.0f, zero, six) &&
                  leaky_relu<1, 5>::int8_code<Rounding>(x, in, out) ==
                      plain_rescaled(once, x, in, out, 0.2f, -128, 127) &&
                  hard_swish::int8_code<Rounding>(x, in, out) == plain_hard_swish(x, in, out);
    }
    CHECK(all_equal);
  }
}

} // namespace

TEST_CASE("int8 activations keep to the specification", "[quantization][layers]") {
  check_activation_codes<rounding::twice>();
  check_activation_codes<rounding::once>();
}

TEST_CASE("int8 softmax gives the probabilities of its codes", "[quantization][layers]") {
  constexpr std::size_t channels = 7;
  using net = network<input<channels>, int8_softmax<softmax, rounding::twice>>;
  CHECK(net::layer<0>::output_affine({}, {}) == affine{1.0f / 256.0f, -128});
  random_source random{13};
  for (int draw = 0; draw < 500; ++draw) {
    const affine in{0.001f + 0.5f * random.uniform<float>(), zero_point(random)};
    parameters<net> weights{};
    get<0>(weights) = net::layer<0>::quantize<shape{channels}>(none{}, in, {});
    workspace<net> memory{};
    const auto width = random.below(256);
    std::array<long double, channels> exact{};
    long double sum = 0.0L;
    int largest = -128;
    for (auto& x : memory.input().elements()) {
      x = static_cast<std::int8_t>(-128 + static_cast<int>(random.below(width + 1)));
      largest = std::max<int>(largest, x);
    }
    for (std::size_t i = 0; i < channels; ++i) {
      exact[i] = std::exp(static_cast<long double>(in.scale) * (memory.input()[0][i] - largest));
      sum += exact[i];
    }
    const auto found = forward(weights, memory)[0];
    for (std::size_t i = 0; i < channels; ++i) {
      CAPTURE(draw, i, in.scale, width);
      const long double wanted = std::min(256.0L * exact[i] / sum, 255.0L);
      CHECK(std::abs(wanted - static_cast<long double>(found[i] + 128)) < 0.501L);
    }
  }
  // Codes of rows that were computed with TensorFlow Lite's reference kernel.
  constexpr auto rows = [] {
    parameters<net> weights{};
    get<0>(weights) = net::layer<0>::quantize<shape{channels}>(none{}, {0.1f, 0}, {});
    workspace<net> memory{};
    constexpr std::array<std::int8_t, channels> x{10, 20, 30, 0, -128, 30, 29};
    std::copy(x.begin(), x.end(), memory.input().data);
    const auto y = forward<isa::generic>(weights, memory);
    std::array<int, channels> copy{};
    std::copy_n(y.data, channels, copy.begin());
    return copy;
  }();
  CHECK(rows == std::array<int, channels>{-118, -101, -54, -124, -128, -54, -61});
}

TEST_CASE("the int8 sum of two values keeps to the specification", "[quantization][layers]") {
  const auto check = []<class Rounding>(Rounding) {
    using net = network<input<37>, taking<int8_add<add, identity, Rounding>, 0, 0>>;
    // From mappings, as they come: equal ones, and such as differ by a lot.
    constexpr std::array<affine, 6> mappings{
        {{0.1f, 0}, {0.1f, -128}, {0.001f, 127}, {7.0f, 5}, {1.0f / 256.0f, -128}, {0.05f, 3}}};
    std::size_t draws = 0;
    check_layer<net>(
        [&](auto& weights, random_source&, bool) {
          const affine& first = mappings[draws % 6];
          const affine& second = mappings[(draws / 2 + 1) % 6];
          const affine& out = mappings[(draws + 3) % 6];
          get<0>(weights) = int8_add<add, identity, Rounding>::template quantize<shape{37}>(
              none{}, first, second, out);
          ++draws;
        },
        [](const auto& weights, const codes& x) {
          return plain_add(get<0>(weights), x, x, std::is_same_v<Rounding, rounding::once>);
        });
  };
  check(rounding::twice{});
  check(rounding::once{});
}

namespace {

template <std::size_t Filters, std::size_t Stride = 1>
using same_conv = conv2d<Filters, 3, Stride, padding::same>;

using small_lenet = network<input<12, 12, 1>, conv2d<4, 3>, relu, max_pool2d<2>, conv2d<6, 2>,
                            batch_norm, relu, max_pool2d<2>, flatten, dense<8>, relu, dense<5>>;
using small_resnet =
    network<input<8, 8, 2>, same_conv<4>, relu6,
            residual<same_conv<4>, batch_norm, relu, same_conv<4>, batch_norm>, relu,
            residual<same_conv<6, 2>, relu, depthwise_conv2d<3, 1, padding::same>,
                     projection<conv2d<6, 1, 2>>>,
            mote::tanh, concatenate<conv2d<3, 1>, branch<>, branch<avg_pool2d<1>, same_conv<2>>>,
            avg_pool2d<2>, global_avg_pool, dense<5>>;
using small_sequence =
    network<input<16, 3>, conv1d<4, 3>, hard_swish, residual<conv1d<4, 3, 1, padding::same>>,
            leaky_relu<>, flatten, dense<4>>;

/// Quantizes a network with random weights and gives the worst difference from the real one, in
/// shares of the output's range.
template <class Net, class Rounding>
double worst_difference() {
  using real_net = calibration_network<Net>;
  using int8_net = quantized<Net, Rounding>;
  constexpr std::size_t samples = 32;
  random_source random{5};
  const auto written = std::make_unique<parameters<Net>>();
  initialize(*written, random);
  visit_tensors<Net>(
      [&](auto, const field& description, auto& tensor) {
        for (auto& value : tensor.values) {
          if (description.role == role::bias) {
            value += 0.2f * random.normal<float>();
          } else if (description.role == role::statistic) {
            value = 0.5f + random.uniform<float>();
          }
        }
      },
      *written);
  const auto real = std::make_unique<parameters<real_net>>();
  to_calibration(*written, *real);

  const auto real_memory = std::make_unique<workspace<real_net, float, samples>>();
  std::vector<float> inputs(samples * Net::input.size());
  for (float& value : inputs) {
    value = random.normal<float>();
  }
  activation_ranges<Net> ranges{};
  std::copy(inputs.begin(), inputs.end(), real_memory->input().data);
  calibrate<Net>(*real, *real_memory, ranges);
  const auto scales = choose_scales<int8_net>(ranges, asymmetric(ranges[0]));
  const auto integers = std::make_unique<parameters<int8_net>>();
  quantize<int8_net>(*real, scales, *integers);

  const auto memory = std::make_unique<workspace<int8_net, std::int8_t, samples>>();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    memory->input().data[i] = quantize(static_cast<double>(inputs[i]), scales[0]);
  }
  std::copy(inputs.begin(), inputs.end(), real_memory->input().data);
  const auto expected = forward(*real, *real_memory);
  const auto found = forward(*integers, *memory);
  const range& seen = ranges[real_net::size];
  double worst = 0.0;
  for (std::size_t i = 0; i < samples * Net::output.size(); ++i) {
    const double difference =
        static_cast<double>(dequantize(found.data[i], scales[int8_net::size]) - expected.data[i]);
    worst = std::max(worst, std::abs(difference));
  }
  return worst / static_cast<double>(seen.highest - seen.lowest);
}

} // namespace

TEST_CASE("int8 networks of images and sequences are close to the real ones",
          "[quantization][layers]") {
  CHECK(worst_difference<small_lenet, rounding::twice>() < 0.03);
  CHECK(worst_difference<small_lenet, rounding::once>() < 0.03);
  CHECK(worst_difference<small_resnet, rounding::twice>() < 0.05);
  CHECK(worst_difference<small_sequence, rounding::twice>() < 0.05);
}

TEST_CASE("values that are concatenated share one mapping", "[quantization][layers]") {
  using net =
      network<input<4>, dense<3>,
              concatenate<dense<2>, branch<relu, flatten>, branch<dense<1>, sigmoid>>, dense<2>>;
  using int8_net = quantized<net>;
  activation_ranges<net> ranges{};
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    ranges[i] = {-static_cast<float>(i), static_cast<float>(2 * i)};
  }
  const auto scales = choose_scales<int8_net>(ranges, affine{0.5f, 3});
  CHECK(scales[0] == affine{0.5f, 3});
  // dense, dense, relu, flatten, dense, sigmoid, concatenation, dense
  static_assert(int8_net::size == 8);
  const affine shared = asymmetric(range{-7.0f, 14.0f});
  for (const std::size_t value : {2u, 3u, 4u, 6u, 7u}) {
    CAPTURE(value);
    CHECK(scales[value] == shared);
  }
  CHECK(scales[1] == asymmetric(ranges[1]));
  CHECK(scales[5] == asymmetric(ranges[5]));
}

TEST_CASE("a quantized network works in the memory that must live at once",
          "[quantization][layers]") {
  using int8_net = quantized<small_resnet>;
  constexpr auto plan = plan_memory<int8_net, inference>(1, 1);
  CHECK(plan.size == plan.lower_bound);
  CHECK(report<small_resnet, std::int8_t>.ram_bytes == sizeof(workspace<int8_net>));
}

TEST_CASE("a deployed network pools inside its convolutions and gives the same bits",
          "[quantization][layers]") {
  using int8_net = quantized<network<input<13, 12, 2>, conv2d<5, 3>, relu, max_pool2d<2>,
                                     same_conv<4>, max_pool2d<3>, max_pool2d<1>, flatten>>;
  using short_net = deployed<int8_net>;
  static_assert(int8_net::size == 6);
  // 11 rows of results, of which the pool does not look at the last.
  static_assert(short_net::size == 4);
  static_assert(short_net::shapes[1] == shape{5, 5, 5});
  static_assert(std::is_same_v<short_net::layer<2>, max_pool2d<1>>); // there is room for one only
  static_assert(sizeof(workspace<short_net>) < sizeof(workspace<int8_net>));
  using overlapping = quantized<network<input<8, 8, 1>, conv2d<2, 3>, max_pool2d<3, 2>>>;
  static_assert(std::is_same_v<deployed<overlapping>, overlapping>);

  const auto weights = std::make_unique<parameters<int8_net>>();
  const auto short_weights = std::make_unique<parameters<short_net>>();
  workspace<int8_net> memory{};
  workspace<short_net> short_memory{};
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    CAPTURE(seed);
    random_source random{seed};
    draw_product(get<0>(*weights), random, seed % 2 == 1);
    draw_product(get<2>(*weights), random, seed % 4 == 1);
    to_deployed(*weights, *short_weights);
    for (std::size_t i = 0; i < int8_net::input.size(); ++i) {
      memory.input().data[i] = short_memory.input().data[i] = code(random, seed % 2 == 1);
    }
    const auto expected = forward(*weights, memory).elements();
    const auto found = forward(*short_weights, short_memory).elements();
    CHECK(codes(expected.begin(), expected.end()) == codes(found.begin(), found.end()));
  }
}
