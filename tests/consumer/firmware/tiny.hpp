// A model as an exported header defines one, small enough to be quantized by the compiler.
#pragma once

#include <mote/mote.hpp>

namespace consumer {

struct tiny {
  using real_network = mote::network<mote::input<4>, mote::dense<3>, mote::relu, mote::dense<2>>;
  using network = mote::quantized<real_network>;

  static constexpr mote::parameters<network> parameters = [] {
    mote::parameters<mote::calibration_network<real_network>> real{};
    for (std::size_t i = 0; i < 12; ++i) {
      mote::get<0>(real).weights[i] = static_cast<float>(i % 5) - 2.0f;
    }
    for (std::size_t i = 0; i < 6; ++i) {
      mote::get<1>(real).weights[i] = static_cast<float>(i % 3) - 1.0f;
    }
    mote::parameters<network> result{};
    mote::quantize<network>(
        real, {mote::affine{1.0f / 127.0f, 0}, {8.0f / 255.0f, -128}, {0.1f, 0}}, result);
    return result;
  }();
};

} // namespace consumer
