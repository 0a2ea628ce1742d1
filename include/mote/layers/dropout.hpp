#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>

#include <cstddef>
#include <cstdint>

namespace mote {

/// In training, zeroes each element with probability Numerator / Denominator and scales the others
/// so that the expected sum stays (Srivastava et al. 2014, "inverted" as in section 10).
/// `dropout<20>` is 20 percent. Inference leaves it out.
template <std::size_t Numerator, std::size_t Denominator = 100>
struct dropout : layer {
  static_assert(Numerator < Denominator, "mote::dropout: the rate must be below 1");
  static constexpr const char* name = "dropout";
  static constexpr mote::aliasing aliasing = mote::aliasing::in_place;
  static constexpr bool training_only = true;

  template <shape In, class T, std::size_t Batch>
  struct cache {
    tensor<bool, Batch * In.size()> kept;
  };

  static constexpr shape output(const shape& in) { return in; }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    copy_unless_same(pass.input, pass.output);
  }

  template <class Pass>
  static constexpr void train_forward(const Pass& pass) {
    using T = typename Pass::value_type;
    // Compared with 32 random bits; the rounding of the rate is below 2^-32.
    constexpr auto threshold =
        static_cast<std::uint32_t>((static_cast<std::uint64_t>(Numerator) << 32) / Denominator);
    const auto count = pass.input.rows * Pass::input_shape.size();
    for (std::size_t i = 0; i < count; ++i) {
      const bool kept = pass.random.bits() >= threshold;
      pass.cache.kept[i] = kept;
      pass.output.data[i] = kept ? pass.input.data[i] * scale<T>() : T{0};
    }
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    if constexpr (Pass::wants_input_gradient) {
      using T = typename Pass::value_type;
      const auto count = pass.input.rows * Pass::input_shape.size();
      for (std::size_t i = 0; i < count; ++i) {
        pass.input_gradient.data[i] =
            pass.cache.kept[i] ? pass.output_gradient.data[i] * scale<T>() : T{0};
      }
    }
  }

private:
  template <class T>
  static constexpr T scale() {
    return static_cast<T>(Denominator) / static_cast<T>(Denominator - Numerator);
  }
};

} // namespace mote
