#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

#include "../catch.hpp"
#include "../reference/fixed_point.hpp"

namespace {

using mote::rounding::once;
using mote::rounding::twice;

// --- tables

template <class Activation>
long double exact(long double x);
template <>
long double exact<mote::sigmoid>(long double x) {
  return 1.0L / (1.0L + std::exp(-x));
}
template <>
long double exact<mote::tanh>(long double x) {
  return std::tanh(x);
}
template <>
long double exact<mote::relu>(long double x) {
  return x > 0.0L ? x : 0.0L;
}

/// Input mappings from coarse to fine, with zero points at both ends.
constexpr std::array<mote::affine, 8> table_inputs{{{0.05f, 0},
                                                    {1.0f / 16.0f, -128},
                                                    {1.0f / 16.0f, 127},
                                                    {0.001f, 3},
                                                    {8.0f / 127.0f, -7},
                                                    {1.0f, 0},
                                                    {100.0f, -100},
                                                    {1e-30f, 50}}};

/// Runs all 256 codes through the int8 layer and compares with the real function.
template <class Activation>
void check_table(const mote::affine& in) {
  using net = mote::network<mote::input<256>, Activation>;
  using quantized = mote::quantized<net>;
  std::array<mote::range, 2> ranges{};
  for (int code = -128; code < 128; ++code) {
    const float x = in.scale * static_cast<float>(code - in.zero_point);
    ranges[0].include(x);
    ranges[1].include(static_cast<float>(exact<Activation>(static_cast<long double>(x))));
  }
  const auto scales = mote::choose_scales<quantized>(ranges, in);
  const mote::parameters<net> real{};
  mote::parameters<quantized> parameters{};
  mote::quantize<quantized>(real, scales, parameters);
  mote::workspace<quantized> memory{};
  for (int code = -128; code < 128; ++code) {
    memory.input()[0][static_cast<std::size_t>(code + 128)] = static_cast<std::int8_t>(code);
  }
  const auto out = scales[1];
  const auto codes = mote::forward(parameters, memory)[0];
  long double largest = 0.0L;
  for (int code = -128; code < 128; ++code) {
    const auto x = static_cast<long double>(in.scale) * (code - in.zero_point);
    const auto wanted =
        std::clamp(exact<Activation>(x) / static_cast<long double>(out.scale) + out.zero_point,
                   -128.0L, 127.0L);
    const auto index = static_cast<std::size_t>(code + 128);
    largest = std::max(largest, std::abs(wanted - static_cast<long double>(codes[index])));
    CHECK(codes[index] == mote::get<0>(parameters).table[index]);
  }
  CAPTURE(in.scale, in.zero_point, out.scale, out.zero_point);
  // Half a code, and what the double-precision function may be off. The integer arithmetic of a
  // relu rounds twice.
  CHECK(largest <= (std::is_same_v<Activation, mote::relu> ? 0.75L : 0.5L) + 1e-9L);
}

// --- a plain forward pass of a quantized network

using codes = std::vector<std::int8_t>;

template <class Parameters>
codes plain_dense(const Parameters& p, const codes& x, bool rounds_once) {
  codes y;
  for (std::size_t unit = 0; unit < p.bias.size; ++unit) {
    reference::integer sum = p.bias[unit];
    for (std::size_t i = 0; i < x.size(); ++i) {
      sum += static_cast<reference::integer>(x[i] - p.input_zero_point[0]) *
             p.weights[unit * x.size() + i];
    }
    sum = rounds_once ? reference::multiply_once(sum, p.multipliers[unit], p.shifts[unit])
                      : reference::multiply_twice(sum, p.multipliers[unit], p.shifts[unit]);
    y.push_back(static_cast<std::int8_t>(
        reference::saturate(sum + p.output_zero_point[0], p.lowest[0], p.highest[0])));
  }
  return y;
}

/// From the parameters alone: products where there are weights, a look-up where there is a table.
template <class Net>
codes plain_forward(const mote::parameters<Net>& parameters, codes values, bool rounds_once) {
  mote::for_each_index<Net::size>([&](auto index) {
    const auto& p = mote::get<index>(parameters);
    if constexpr (requires { p.weights; }) {
      values = plain_dense(p, values, rounds_once);
    } else if constexpr (requires { p.table; }) {
      for (auto& value : values) {
        value = p.table[static_cast<std::size_t>(value + 128)];
      }
    }
  });
  return values;
}

// --- a network, its samples and everything that quantization makes of it

using mlp = mote::network<mote::input<4, 5, 1>, mote::flatten, mote::dense<16>, mote::relu,
                          mote::dropout<20>, mote::dense<12>, mote::tanh, mote::dense<8>,
                          mote::sigmoid, mote::dense<6>, mote::relu, mote::dense<5>>;
using real_mlp = mote::calibration_network<mlp>;
static_assert(real_mlp::size == 8);

constexpr std::size_t samples = 200;
constexpr std::size_t batch = 16;

template <class Rounding>
struct quantized_mlp {
  using quantized = mote::quantized<mlp, Rounding>;

  std::vector<std::array<float, mlp::input.size()>> inputs;
  mote::parameters<real_mlp> real{};
  mote::activation_ranges<mlp> ranges{};
  mote::activation_scales<quantized> scales{};
  mote::parameters<quantized> integers{};

  explicit quantized_mlp(std::uint64_t seed) {
    mote::random_source random{seed};
    mote::parameters<mlp> written{};
    mote::initialize(written, random);
    mote::visit_tensors<mlp>(
        [&](auto, const mote::field& field, auto& tensor) {
          if (field.role == mote::role::bias) {
            for (auto& value : tensor.values) {
              value = 0.3f * random.normal<float>();
            }
          }
        },
        written);
    mote::to_calibration(written, real);

    inputs.resize(samples);
    for (auto& sample : inputs) {
      std::generate(sample.begin(), sample.end(), [&] { return random.normal<float>(); });
    }
    auto memory = std::make_unique<mote::workspace<real_mlp, float, batch>>();
    for (std::size_t first = 0; first < samples; first += batch) {
      const std::size_t rows = std::min(batch, samples - first);
      for (std::size_t row = 0; row < rows; ++row) {
        std::copy_n(inputs[first + row].begin(), mlp::input.size(), memory->input()[row].begin());
      }
      mote::calibrate<mlp>(real, *memory, ranges, rows);
    }
    scales = mote::choose_scales<quantized>(ranges, mote::asymmetric(ranges[0]));
    mote::quantize<quantized>(real, scales, integers);
  }

  codes input_codes(std::size_t sample) const {
    codes result;
    for (const float value : inputs[sample]) {
      result.push_back(mote::quantize(static_cast<double>(value), scales[0]));
    }
    return result;
  }
};

/// How far an int8 network may be from the real one, value by value: the error of the input, led
/// through the layers as each may at most increase it. Valid for samples that the calibration saw.
template <class Model>
std::vector<double> error_bound(const Model& model, std::size_t sample,
                                const std::vector<std::vector<float>>& values) {
  std::vector<double> error;
  for (const float value : model.inputs[sample]) {
    const double wide = static_cast<double>(value);
    const auto code = mote::quantize(wide, model.scales[0]);
    error.push_back(std::abs(wide - static_cast<double>(mote::dequantize(code, model.scales[0]))));
  }
  mote::for_each_index<real_mlp::size>([&](auto index) {
    using layer = typename real_mlp::template layer<index>;
    const double in_scale = static_cast<double>(model.scales[index].scale);
    const double out_scale = static_cast<double>(model.scales[index + 1].scale);
    if constexpr (requires { mote::get<index>(model.real).weights; }) {
      const auto& p = mote::get<index>(model.real);
      const auto& x = values[index];
      std::vector<double> next;
      for (std::size_t unit = 0; unit < p.bias.size; ++unit) {
        double largest = 0.0;
        for (std::size_t i = 0; i < x.size(); ++i) {
          largest =
              std::max(largest, std::abs(static_cast<double>(p.weights[unit * x.size() + i])));
        }
        const double weight_scale = largest / 127.0;
        // Rounding the result, the product before the shift, and the zero point that bounds the
        // range: half a code each. Then half a unit of the bias.
        double sum = 1.5 * out_scale + 0.5 * in_scale * weight_scale;
        for (std::size_t i = 0; i < x.size(); ++i) {
          const double weight = std::abs(static_cast<double>(p.weights[unit * x.size() + i]));
          sum += weight * error[i];
          sum += 0.5 * weight_scale * (std::abs(static_cast<double>(x[i])) + error[i]);
        }
        next.push_back(sum * (1.0 + 1e-5)); // scales, factors and the real network are rounded too
      }
      error = next;
    } else if constexpr (!std::is_same_v<layer, mote::flatten>) {
      const double slope = std::is_same_v<layer, mote::sigmoid> ? 0.25 : 1.0;
      for (double& value : error) {
        value = slope * value + out_scale; // one code where the range ends just below 1
      }
    }
  });
  return error;
}

template <class Rounding>
void check_against_real(std::uint64_t seed) {
  using model_type = quantized_mlp<Rounding>;
  using quantized = typename model_type::quantized;
  const auto model = std::make_unique<model_type>(seed);
  mote::workspace<quantized> memory{};
  mote::workspace<real_mlp> real_memory{};
  const auto out = model->scales[quantized::size];
  double worst_share = 0.0;
  double squares = 0.0;
  for (std::size_t sample = 0; sample < samples; ++sample) {
    std::vector<std::vector<float>> values{
        {model->inputs[sample].begin(), model->inputs[sample].end()}};
    std::copy(values[0].begin(), values[0].end(), real_memory.input()[0].begin());
    mote::forward(model->real, real_memory, 1, [&](std::size_t, auto view) {
      values.emplace_back(view[0].begin(), view[0].end());
    });
    const auto input = model->input_codes(sample);
    std::copy(input.begin(), input.end(), memory.input()[0].begin());
    const auto output = mote::forward(model->integers, memory)[0];
    const auto bound = error_bound(*model, sample, values);
    for (std::size_t i = 0; i < output.size(); ++i) {
      const double error = std::abs(static_cast<double>(mote::dequantize(output[i], out)) -
                                    static_cast<double>(values.back()[i]));
      worst_share = std::max(worst_share, error / bound[i]);
      squares += error * error;
    }
  }
  const double width = static_cast<double>(model->ranges[quantized::size].highest) -
                       static_cast<double>(model->ranges[quantized::size].lowest);
  const double deviation = std::sqrt(squares / static_cast<double>(samples * mlp::output.size()));
  CAPTURE(Rounding::name, seed, worst_share, deviation / width);
  CHECK(worst_share <= 1.0);
  // The bound adds up what mostly cancels: five layers stay within half a percent of the range.
  CHECK(deviation / width < 0.005);
}

template <class Rounding>
void check_against_plain_forward(std::uint64_t seed) {
  using quantized = typename quantized_mlp<Rounding>::quantized;
  const auto model = std::make_unique<quantized_mlp<Rounding>>(seed);
  const auto memory = std::make_unique<mote::workspace<quantized, std::int8_t, batch>>();
  const auto run = [&]<class Isa>(Isa, std::size_t rows) {
    std::vector<codes> inputs;
    for (std::size_t row = 0; row < rows; ++row) {
      inputs.push_back(model->input_codes(row + rows));
      std::copy(inputs[row].begin(), inputs[row].end(), memory->input()[row].begin());
    }
    const auto output = mote::forward<Isa>(model->integers, *memory, rows);
    CAPTURE(Isa::name, rows);
    CHECK(output.rows == rows);
    for (std::size_t row = 0; row < rows; ++row) {
      const auto expected =
          plain_forward(model->integers, inputs[row], std::is_same_v<Rounding, once>);
      CHECK(codes(output[row].begin(), output[row].end()) == expected);
    }
  };
  for (const std::size_t rows : std::array<std::size_t, 4>{1, 2, 7, batch}) {
    run(mote::isa::generic{}, rows);
    run(mote::isa::native{}, rows);
    run(mote::isa::simd<16>{}, rows);
  }
}

// The series that stand in for the C library while compiling.
constexpr mote::affine constant_input{0.04f, 11};
constexpr auto constant_sigmoid = mote::int8_table<mote::sigmoid, twice>::quantize<mote::shape{1}>(
    mote::none{}, constant_input, {1.0f / 256.0f, -128});
constexpr auto constant_tanh = mote::int8_table<mote::tanh, twice>::quantize<mote::shape{1}>(
    mote::none{}, constant_input, {1.0f / 128.0f, 0});

} // namespace

TEST_CASE("int8 activations are tables of rounded answers", "[quantization]") {
  for (const auto& in : table_inputs) {
    check_table<mote::sigmoid>(in);
    check_table<mote::tanh>(in);
    check_table<mote::relu>(in);
  }
}

TEST_CASE("golden entries of the tables", "[quantization]") {
  const mote::affine in{1.0f / 16.0f, 0};
  const auto entry = [](const auto& p, int code) {
    return static_cast<int>(p.table[static_cast<std::size_t>(code + 128)]);
  };
  const auto sigmoid = mote::int8_table<mote::sigmoid, twice>::quantize<mote::shape{1}>(
      {}, in, mote::sigmoid::output_affine(in, {}));
  CHECK(entry(sigmoid, -128) == -128); // 256 / (1 + e^8) = 0.09
  CHECK(entry(sigmoid, -16) == -59);   // 256 / (1 + e^1) = 68.8
  CHECK(entry(sigmoid, 0) == 0);       // 256 / 2
  CHECK(entry(sigmoid, 16) == 59);     // 256 / (1 + e^-1) = 187.2
  CHECK(entry(sigmoid, 127) == 127);   // 255.9, where 1 has no code
  const auto tanh = mote::int8_table<mote::tanh, twice>::quantize<mote::shape{1}>(
      {}, in, mote::tanh::output_affine(in, {}));
  CHECK(entry(tanh, -128) == -128); // 128 tanh -8
  CHECK(entry(tanh, -16) == -97);   // 128 tanh -1 = -97.5 less a bit
  CHECK(entry(tanh, 0) == 0);
  CHECK(entry(tanh, 8) == 59); // 128 tanh 1/2 = 59.2
  CHECK(entry(tanh, 127) == 127);
}

TEST_CASE("the compiler makes the same tables", "[quantization]") {
  CHECK(constant_sigmoid.table.values ==
        mote::int8_table<mote::sigmoid, twice>::quantize<mote::shape{1}>({}, constant_input,
                                                                         {1.0f / 256.0f, -128})
            .table.values);
  CHECK(constant_tanh.table.values == mote::int8_table<mote::tanh, twice>::quantize<mote::shape{1}>(
                                          {}, constant_input, {1.0f / 128.0f, 0})
                                          .table.values);
}

TEST_CASE("calibration sees every value", "[quantization]") {
  const auto model = std::make_unique<quantized_mlp<twice>>(1);
  mote::activation_ranges<mlp> expected{};
  mote::workspace<real_mlp> memory{};
  for (const auto& sample : model->inputs) {
    for (const float value : sample) {
      expected[0].include(value);
    }
    std::copy(sample.begin(), sample.end(), memory.input()[0].begin());
    mote::forward(model->real, memory, 1, [&](std::size_t layer, auto view) {
      for (const float value : view[0]) {
        expected[layer + 1].include(value);
      }
    });
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    // Sums of a whole batch may be added in another order than those of one row.
    CHECK(std::abs(model->ranges[i].lowest - expected[i].lowest) <= 1e-4f);
    CHECK(std::abs(model->ranges[i].highest - expected[i].highest) <= 1e-4f);
  }
  CHECK(model->ranges[2].lowest == 0.0f); // after the first relu
}

TEST_CASE("scales follow the specification", "[quantization]") {
  using quantized = mote::quantized<mlp>;
  mote::activation_ranges<mlp> ranges{};
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    ranges[i] = {-1.0f, static_cast<float>(i)};
  }
  const mote::affine pixels{1.0f / 255.0f, -128};
  const auto scales = mote::choose_scales<quantized>(ranges, pixels);
  CHECK(scales[0] == pixels);
  CHECK(scales[1] == pixels); // flatten changes nothing
  CHECK(scales[2] == mote::asymmetric(ranges[2]));
  CHECK(scales[3] == mote::asymmetric(ranges[3]));
  CHECK(scales[4] == mote::affine{1.0f / 128.0f, 0}); // tanh
  CHECK(scales[5] == mote::asymmetric(ranges[5]));
  CHECK(scales[6] == mote::affine{1.0f / 256.0f, -128}); // sigmoid
  CHECK(scales[8] == mote::asymmetric(ranges[8]));
}

TEST_CASE("the integers of a dense layer", "[quantization]") {
  using net = mote::network<mote::input<3>, mote::dense<5>>;
  using quantized = mote::quantized<net>;
  mote::parameters<net> real{};
  constexpr float least = std::numeric_limits<float>::denorm_min();
  mote::get<0>(real).weights = {{1.0f, -0.5f, 0.25f,     // its scale is 1/127
                                 0.0f, 0.0f, 0.0f,       // no scale at all
                                 -2.54f, 0.01f, -0.011f, // its scale is 0.02
                                 190.0f * least, -190.0f * least,
                                 0.0f,                   // a scale rounded down, to the least float
                                 1e-6f, 1e-6f, -1e-6f}}; // a bias that no int32 holds
  mote::get<0>(real).bias = {{0.5f, -0.25f, 0.0f, 0.0f, -1e9f}};
  const mote::affine in{0.5f, 7};
  const mote::affine out{0.25f, -9};
  mote::parameters<quantized> parameters{};
  mote::quantize<quantized>(real, {in, out}, parameters);
  const auto& p = mote::get<0>(parameters);

  CHECK(p.weights.values == std::array<std::int8_t, 15>{127, -64, 32, 0, 0, 0, -127, 1, -1, 127,
                                                        -127, 0, 127, 127, -127});
  CHECK(p.bias[0] == 127);                           // 0.5 / (0.5 / 127)
  CHECK(p.bias[1] == -1);                            // -0.25 / 0.5, away from zero
  CHECK(p.bias[4] == -(2147483647 - 3 * 255 * 127)); // as far as leaves room for a sum
  CHECK(p.input_zero_point[0] == 7);
  CHECK(p.output_zero_point[0] == -9);
  CHECK(p.lowest[0] == -128);
  CHECK(p.highest[0] == 127);
  const auto factor = [&](std::size_t unit) {
    return std::ldexp(static_cast<double>(p.multipliers[unit]), p.shifts[unit] - 31);
  };
  CHECK(std::abs(factor(0) * 127.0 / 2.0 - 1.0) < 1e-7); // 0.5 (1/127) / 0.25
  CHECK(factor(1) == 2.0);
  CHECK(std::abs(factor(2) / 0.04 - 1.0) < 1e-7);
  CHECK(factor(3) == 0.0);
}

TEST_CASE("a relu is a clamp at the zero point", "[quantization]") {
  using net = mote::network<mote::input<1>, mote::dense<1>, mote::relu>;
  using quantized = mote::quantized<net>;
  static_assert(quantized::size == 1);
  mote::parameters<mote::calibration_network<net>> real{};
  mote::get<0>(real).weights[0] = 1.0f;
  mote::parameters<quantized> parameters{};
  mote::quantize<quantized>(real, {mote::affine{1.0f, 0}, mote::affine{1.0f, -20}}, parameters);
  CHECK(mote::get<0>(parameters).lowest[0] == -20);
  mote::workspace<quantized> memory{};
  for (int code = -128; code < 128; ++code) {
    memory.input()[0][0] = static_cast<std::int8_t>(code);
    const int expected = std::min(code > 0 ? code - 20 : -20, 127);
    CHECK(mote::forward(parameters, memory)[0][0] == expected);
  }
}

TEST_CASE("weights and ranges that are no numbers do no harm", "[quantization]") {
  using net = mote::network<mote::input<2>, mote::dense<2>>;
  using quantized = mote::quantized<net>;
  const float infinite = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {infinite, -infinite, nan, std::numeric_limits<float>::max()}) {
    for (const auto& out :
         {mote::affine{1.0f, 0}, mote::asymmetric({-1e-45f, 1e-45f}),
          mote::asymmetric({-infinite, infinite}), mote::asymmetric({nan, nan})}) {
      mote::parameters<net> real{};
      mote::get<0>(real).weights = {{bad, 1.0f, 1.0f, 1.0f}};
      mote::get<0>(real).bias = {{1.0f, bad}};
      mote::parameters<quantized> parameters{};
      mote::quantize<quantized>(real, {mote::affine{1.0f, -128}, out}, parameters);
      mote::workspace<quantized> memory{};
      memory.input()[0][0] = 127;
      memory.input()[0][1] = -128;
      const codes input{127, -128};
      const auto output = mote::forward(parameters, memory)[0];
      CHECK(codes(output.begin(), output.end()) == plain_forward(parameters, input, false));
    }
  }
}

TEST_CASE("a quantized network stays near the real one", "[quantization]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    check_against_real<twice>(seed);
    check_against_real<once>(seed);
  }
}

TEST_CASE("a quantized network computes what its parameters say", "[quantization]") {
  for (std::uint64_t seed = 11; seed <= 13; ++seed) {
    check_against_plain_forward<twice>(seed);
    check_against_plain_forward<once>(seed);
  }
}
