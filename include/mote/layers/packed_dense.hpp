#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/packed.hpp>
#include <mote/core/pass.hpp>
#include <mote/kernels/generic/dense.hpp>
#include <mote/kernels/vector/dense.hpp>
#include <mote/layers/dense.hpp>

#include <cstddef>

namespace mote {

/// `dense` for inference on hosts: the weights are in the order in which vector registers take
/// them, see kernels::packed_weights, and start on a cache line. Made by packed<>. Takes a vector,
/// gives a vector of `Units`: those of `dense` but for rounding, and for a sample the same in every
/// batch.
template <std::size_t Units, bias Bias = bias::learned>
struct packed_dense : layer {
  static constexpr const char* name = "packed_dense";
  using expects = needs::vector;

  template <shape In, class T>
  struct alignas(64) parameters
      : dense<Units, initializers::automatic, Bias>::template parameters<In, T> {};

  static constexpr shape output(const shape&) { return shape{Units}; }
  static constexpr std::size_t macs(const shape& in) { return in.size() * Units; }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    using kernel = kernels::dense<typename Pass::isa>;
    kernel::template packed_forward<typename Pass::activation, Pass::input_shape.size(), Units>(
        pass.input.rows, pass.input.data, pass.parameters.weights.data(),
        data_or_null(pass.parameters.bias), pass.output.data);
  }
};

template <std::size_t Units, class Initializer, bias Bias>
struct packed_form<dense<Units, Initializer, Bias>> {
  using type = packed_dense<Units, Bias>;

  template <class From, class To>
  static constexpr void pack(const From& from, To& to) {
    constexpr std::size_t inputs = decltype(From::weights)::extents.back();
    for (std::size_t o = 0; o < Units; ++o) {
      for (std::size_t i = 0; i < inputs; ++i) {
        to.weights.values[kernels::packed_weights<inputs, Units>::index(o, i)] =
            from.weights.values[o * inputs + i];
      }
    }
    to.bias = from.bias;
  }
};

} // namespace mote
