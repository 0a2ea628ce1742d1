// What a layer is handed when it runs. Named fields instead of argument lists, so that a new field
// does not change the layers that do not need it.
#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/random.hpp>
#include <mote/core/shape.hpp>
#include <mote/core/tensor.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace mote {

/// A reference, or `none` itself where there is nothing to refer to.
template <class T>
using reference_or_none = std::conditional_t<is_none<T>, none, T&>;

/// Forward: read `input` and `parameters`, write `output`. `Activation` is a function to apply to
/// each result before it is stored (see fused<>); `identity` unless the layer says it fuses.
template <class Isa, shape In, shape Out, class T, class Parameters, class Activation = identity>
struct forward_pass {
  using isa = Isa;
  using value_type = T;
  using activation = Activation;
  static constexpr shape input_shape = In;
  static constexpr shape output_shape = Out;

  [[no_unique_address]] reference_or_none<const Parameters> parameters;
  batch_view<const T, In.size()> input;
  batch_view<T, Out.size()> output;

  template <class Other>
  constexpr auto with_activation() const {
    return forward_pass<Isa, In, Out, T, Parameters, Other>{parameters, input, output};
  }
};

/// Forward while training: may also draw random numbers and fill the cache for the way back.
template <class Isa, shape In, shape Out, class T, class Parameters, class Cache>
struct training_pass : forward_pass<Isa, In, Out, T, Parameters> {
  [[no_unique_address]] reference_or_none<Cache> cache;
  random_source& random;
};

/// Backward: read `output_gradient` (and `input`, `output` if the layer declared that it does),
/// write the parameters' gradients (overwrite, do not add) and, when `wants_input_gradient`,
/// `input_gradient`, which may be the same memory as `output_gradient` if the layer's aliasing
/// allows.
template <class Isa, shape In, shape Out, class T, class Parameters, class Cache,
          bool WantsInputGradient>
struct backward_pass {
  using isa = Isa;
  using value_type = T;
  static constexpr shape input_shape = In;
  static constexpr shape output_shape = Out;
  static constexpr bool wants_input_gradient = WantsInputGradient;

  [[no_unique_address]] reference_or_none<const Parameters> parameters;
  [[no_unique_address]] reference_or_none<Parameters> gradients;
  [[no_unique_address]] reference_or_none<Cache> cache;
  batch_view<const T, In.size()> input;
  batch_view<const T, Out.size()> output;
  batch_view<const T, Out.size()> output_gradient;
  [[no_unique_address]] std::conditional_t<WantsInputGradient, batch_view<T, In.size()>, none>
      input_gradient;
};

/// Copies all elements, unless source and target are the same memory anyway.
template <class T, std::size_t Size>
constexpr void copy_unless_same(batch_view<const T, Size> from, batch_view<T, Size> to) {
  if (from.data != to.data) {
    std::copy_n(from.data, from.rows * Size, to.data);
  }
}

} // namespace mote
