// What a layer, an activation, a loss or an optimizer has to define, and the one line in which the
// compiler says what is missing.
#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/shape.hpp>

#include <concepts>
#include <cstddef>
#include <utility>

namespace mote {

/// Never defined: naming it where a complete type is needed makes the compiler print it, on the
/// first line: `incomplete<my_layer, lacks::output_of_shape>`.
template <class What, class Lacks>
struct incomplete;

/// What can be missing. Each is named after what has to be declared:
namespace lacks {

struct base_class_layer;           ///< struct my_layer : mote::layer
struct output_of_shape;            ///< static constexpr shape output(const shape& in)
struct forward_of_pass;            ///< template <class Pass> static void forward(const Pass&)
struct backward_of_pass;           ///< the same, named backward
struct visit_in_parameters;        ///< static void visit(F&& f, Parameters&... p)
struct apply_of_x;                 ///< template <class T> static T apply(T x)
struct derivative_of_x_and_y;      ///< template <class T> static T derivative(T x, T y)
struct value_of_output_and_target; ///< template <class T> static T value(T y, T t)
struct slope_of_output_and_target; ///< template <class T> static T slope(T y, T t)
struct evaluate_for_these_targets; ///< static T evaluate(outputs, targets, gradient), see losses/
struct state_of_network;           ///< template <class Net> struct state
struct update_of_these_parameters; ///< void update(parameters, gradients, state), see optimizers/

} // namespace lacks

namespace detail {

template <bool IsMet, class What, class Lacks>
struct requirement {};

template <class What, class Lacks>
struct requirement<false, What, Lacks> {
  static_assert(sizeof(incomplete<What, Lacks>) != 0);
};

/// Stops compilation with the line above unless IsMet.
template <bool IsMet, class What, class Lacks>
constexpr bool require = sizeof(requirement<IsMet, What, Lacks>) != 0;

template <class Layer, class... Shapes>
concept gives_shape = requires(const Shapes&... in) {
  { Layer::output(in...) } -> std::convertible_to<shape>;
};

template <std::size_t>
using shape_per_value = shape;

template <class Layer, std::size_t... Value>
constexpr bool require_layer(std::index_sequence<Value...>) {
  return require<std::derived_from<Layer, layer>, Layer, lacks::base_class_layer> &&
         require<gives_shape<Layer, shape_per_value<Value>...>, Layer, lacks::output_of_shape>;
}

} // namespace detail

} // namespace mote
