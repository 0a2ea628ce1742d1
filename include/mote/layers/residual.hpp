#pragma once

#include <mote/core/flatten_list.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>
#include <mote/layers/int8_add.hpp>

#include <boost/hana/back.hpp>
#include <boost/hana/drop_back.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>
#include <boost/hana/unpack.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace mote {

namespace needs {

struct equal_shapes {
  template <class... Shapes>
  static constexpr bool accepts(const shape& first, const Shapes&... more) {
    return ((first == more) && ...);
  }
};

} // namespace needs

/// The sum of several values of equal shape, element by element: y = a + b + ... The gradient of
/// each is dy. What a residual ends in.
struct add : layer {
  static constexpr const char* name = "add";
  using expects = needs::equal_shapes;
  static constexpr mote::aliasing aliasing = mote::aliasing::in_place;
  static constexpr bool fuses_activation = true;

  template <class Rounding, class Activation = identity>
  using quantized = int8_add<add, Activation, Rounding>;

  template <class... Shapes>
  static constexpr shape output(const shape& first, const Shapes&...) {
    return first;
  }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    const std::size_t count = pass.output.elements().size();
    for (std::size_t i = 0; i < count; ++i) {
      auto sum = pass.inputs[0][i];
      for (std::size_t input = 1; input < pass.inputs.size(); ++input) {
        sum += pass.inputs[input][i];
      }
      pass.output.data[i] = Pass::activation::apply(sum);
    }
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    for (auto* gradient : pass.input_gradients) {
      if (gradient != nullptr && gradient != pass.output_gradient.data) {
        std::copy_n(pass.output_gradient.data, pass.output_gradient.elements().size(), gradient);
      }
    }
  }
};

/// The layers on the short way of a residual, see there.
template <class... Layers>
struct projection {};

namespace detail {

template <class T>
inline constexpr bool is_projection = false;
template <class... Layers>
inline constexpr bool is_projection<projection<Layers...>> = true;

/// The sum of what a list ends in and what the layers of a projection make of value `Start`.
template <std::size_t Start, class List, class... Layers>
constexpr auto append_sum(List list, projection<Layers...>) {
  const auto both = append<Layers...>(list.template from<Start>());
  return both.template add<add, List::value, decltype(both)::value>();
}

} // namespace detail

/// Layers whose result is added to what they were given: y = x + f(x), with f the layers in order
/// (He et al., "Deep Residual Learning for Image Recognition", 2016, equation 1). Where f changes
/// the shape, end the list with layers that bring x to that shape too (equation 2): `residual<
/// conv2d<16, 3, 2, padding::same>, projection<conv2d<16, 1, 2>>>`.
///
/// In the network it stands for its layers, then those of the projection, then `add`.
template <class... Layers>
struct residual : structure {
  static_assert(sizeof...(Layers) > 0, "mote::residual needs at least one layer");

  template <class List>
  static constexpr auto append_to(List list) {
    constexpr auto layers = boost::hana::tuple_t<Layers...>;
    using last = typename decltype(+boost::hana::back(layers))::type;
    if constexpr (detail::is_projection<last>) {
      static_assert(sizeof...(Layers) > 1, "mote::residual needs a layer besides the projection");
      const auto body = boost::hana::unpack(boost::hana::drop_back(layers), [&](auto... layer) {
        return append<typename decltype(layer)::type...>(list);
      });
      return detail::append_sum<List::value>(body, last{});
    } else {
      return detail::append_sum<List::value>(append<Layers...>(list), projection<>{});
    }
  }
};

} // namespace mote
