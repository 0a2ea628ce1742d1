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
      pass.cache.kept[i] = pass.random.bits() >= threshold;
    }
    keep<T>(count, pass.cache.kept.data(), pass.input.data, pass.output.data);
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    if constexpr (Pass::wants_input_gradient) {
      using T = typename Pass::value_type;
      keep<T>(pass.input.rows * Pass::input_shape.size(), pass.cache.kept.data(),
              pass.output_gradient.data, pass.input_gradient.data);
    }
  }

private:
  /// By a product with 0 or with the scale: of a choice GCC makes a branch, which is mispredicted
  /// as often as the rate says. What is dropped was finite.
  template <class T>
  static constexpr void keep(std::size_t count, const bool* kept, const T* from, T* to) {
    constexpr T scale = static_cast<T>(Denominator) / static_cast<T>(Denominator - Numerator);
    for (std::size_t i = 0; i < count; ++i) {
      to[i] = from[i] * (static_cast<T>(kept[i]) * scale);
    }
  }
};

} // namespace mote
