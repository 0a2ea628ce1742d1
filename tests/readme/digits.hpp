// Stands in for an exported header where only the README's code is compiled. Every number is
// written, as in an exported header: GCC 12 breaks down over constants that leave some out.
#pragma once

#include <mote/models/digits.hpp>
#include <mote/mote.hpp>

struct digits {
  using network = mote::deployed<mote::quantized<mote::models::mlp_784_100_10>>;
  static constexpr mote::parameters<network> parameters = [] {
    mote::parameters<network> result{};
    mote::visit_tensors<network>(
        [](auto, const mote::field&, auto& tensor) {
          for (auto& number : tensor.values) {
            number = 1;
          }
        },
        result);
    return result;
  }();
};
