// What a layer is handed when it runs. Named fields instead of argument lists, so that a new field
// does not change the layers that do not need it.
#pragma once

#include <mote/core/flash.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/random.hpp>
#include <mote/core/shape.hpp>
#include <mote/core/tensor.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

namespace mote {

/// A reference, or `none` itself where there is nothing to refer to.
template <class T>
using reference_or_none = std::conditional_t<is_none<T>, none, T&>;

/// One pointer for each of the values that a layer takes; `none` for a layer that takes only one,
/// which has it as a view.
template <class T, std::size_t Count>
using pointers_or_none = std::conditional_t<Count == 1, none, std::array<T*, Count>>;

/// Forward: read `input` and `parameters`, write `output`. `Activation` is a function to apply to
/// each result before it is stored (see fused<>); `identity` unless the layer says it fuses.
///
/// `More` are the shapes of the further values of a layer that takes several, like the sum at the
/// end of residual<>; such a layer reads all of them from `inputs`.
template <class Isa, shape In, shape Out, class T, class Parameters, class Activation = identity,
          shape... More>
struct forward_pass {
  using isa = Isa;
  using value_type = T;
  using activation = Activation;
  static constexpr shape input_shape = In;
  static constexpr std::array<shape, 1 + sizeof...(More)> input_shapes{In, More...};
  static constexpr shape output_shape = Out;

  [[no_unique_address]] reference_or_none<const Parameters> parameters;
  batch_view<const T, In.size()> input;
  batch_view<T, Out.size()> output;
  [[no_unique_address]] pointers_or_none<const T, 1 + sizeof...(More)> inputs{};

  template <class Other>
  constexpr auto with_activation() const {
    return forward_pass<Isa, In, Out, T, Parameters, Other, More...>{parameters, input, output,
                                                                     inputs};
  }
};

/// Forward of a model whose parameters are constants: `Constants::value` is `parameters`, and
/// consteval code may look at its numbers and keep them in another layout. `Policy` says at which
/// price, see core/policy.hpp.
template <class Pass, class Constants, class Policy>
struct constant_pass : Pass {
  using constants = Constants;
  using policy = Policy;
};

/// The elements of one of `pass.parameters`' tensors. Integer layers read them so and no other way:
/// those of a constant_pass may be in flash that is no memory.
template <class Pass, class Tensor>
constexpr auto parameter_data(const Tensor& elements) {
  using value_type = typename Tensor::value_type;
  if constexpr (requires { typename Pass::constants; }) {
    return flash_pointer<value_type>(elements.data());
  } else {
    return elements.data();
  }
}

/// Forward while training: may also draw random numbers and fill the cache for the way back.
template <class Isa, shape In, shape Out, class T, class Parameters, class Cache, shape... More>
struct training_pass : forward_pass<Isa, In, Out, T, Parameters, identity, More...> {
  [[no_unique_address]] reference_or_none<Cache> cache;
  random_source& random;
};

/// Backward: read `output_gradient` (and `input`, `output` if the layer declared that it does),
/// write the parameters' gradients (overwrite, do not add) and, when `wants_input_gradient`,
/// `input_gradient`, which may be the same memory as `output_gradient` if the layer's aliasing
/// allows.
///
/// A layer that takes several values reads them from `inputs` and writes `input_gradients`, where
/// those are null that nobody wants; only one of them is ever the memory of `output_gradient`.
template <class Isa, shape In, shape Out, class T, class Parameters, class Cache,
          bool WantsInputGradient, shape... More>
struct backward_pass {
  using isa = Isa;
  using value_type = T;
  static constexpr shape input_shape = In;
  static constexpr std::array<shape, 1 + sizeof...(More)> input_shapes{In, More...};
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
  [[no_unique_address]] pointers_or_none<const T, 1 + sizeof...(More)> inputs{};
  [[no_unique_address]] pointers_or_none<T, 1 + sizeof...(More)> input_gradients{};
};

/// Copies all elements, unless source and target are the same memory anyway.
template <class T, std::size_t Size>
constexpr void copy_unless_same(batch_view<const T, Size> from, batch_view<T, Size> to) {
  if (from.data != to.data) {
    std::copy_n(from.data, from.rows * Size, to.data);
  }
}

} // namespace mote
