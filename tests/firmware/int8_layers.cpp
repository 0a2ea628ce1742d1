// Every int8 layer with parameters, on the device and in the compiler: the same codes. On an AVR it
// shows that the layers read their constants from flash.
#include <mote/mote.hpp>

#include "semihosting.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace {

template <class Real>
struct model {
  using network = mote::quantized<Real>;
  static constexpr mote::parameters<network> parameters = [] {
    using calibrated = mote::calibration_network<Real>;
    mote::parameters<calibrated> real{};
    mote::random_source random(1);
    mote::visit_tensors<calibrated>(
        [&](auto, const mote::field&, auto& tensor) {
          for (auto& number : tensor.values) {
            number = random.uniform<float>() - 0.5f;
          }
        },
        real);
    mote::activation_ranges<Real> ranges{};
    ranges.fill({-1.5f, 2.0f});
    mote::parameters<network> result{};
    mote::quantize<network>(
        real, mote::choose_scales<network>(ranges, mote::affine{1.0f / 128.0f, -3}), result);
    return result;
  }();
};

template <class Memory>
constexpr void fill_input(Memory& memory) {
  std::uint8_t code = 7;
  for (auto& input : memory.input().elements()) {
    input = static_cast<std::int8_t>(code);
    code = static_cast<std::uint8_t>(code * 37u + 11u);
  }
}

/// What the compiler makes of the same input, from memory like any other.
template <class Model>
constexpr auto expected = [] {
  mote::workspace<typename Model::network> memory{};
  fill_input(memory);
  const auto outputs = mote::forward(Model::parameters, memory)[0];
  std::array<std::int8_t, Model::network::output.size()> copy{};
  std::copy(outputs.begin(), outputs.end(), copy.begin());
  return copy;
}();

template <class Model>
mote::workspace<typename Model::network> memory{};

template <class Model>
bool same(const char* name) {
  fill_input(memory<Model>);
  const auto outputs = mote::forward<Model>(memory<Model>)[0];
  const bool equal = std::equal(outputs.begin(), outputs.end(), expected<Model>.begin());
  const auto [lowest, highest] = std::minmax_element(outputs.begin(), outputs.end());
  firmware::print(name);
  firmware::print(equal ? " same, " : " DIFFERENT, ");
  firmware::print(static_cast<std::uint32_t>(*highest - *lowest));
  firmware::print(" codes apart\n");
  return equal && *lowest < *highest; // that all outputs are one code would show nothing
}

using convolutions =
    mote::network<mote::input<6, 6, 2>, mote::conv2d<4, 3>, mote::prelu,
                  mote::residual<mote::depthwise_conv2d<3, 1, mote::padding::same>>,
                  mote::max_pool2d<2>, mote::flatten, mote::dense<5>>;
using tables =
    mote::network<mote::input<6>, mote::dense<5>, mote::tanh, mote::dense<4>, mote::softmax>;

} // namespace

int main() {
  const bool first = same<model<convolutions>>("convolutions");
  const bool second = same<model<tables>>("tables");
  return first && second ? 0 : 1;
}
