// Stands in for an exported header where only the README's code is compiled.
#pragma once

#include <mote/models/digits.hpp>
#include <mote/mote.hpp>

struct digits {
  using network = mote::quantized<mote::models::mlp_784_100_10>;
  static constexpr mote::parameters<network> parameters{};
};
