#pragma once

#include <mote/core/flatten_list.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/pass.hpp>

#include <boost/hana/fold_left.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>

#include <algorithm>
#include <cstddef>

namespace mote {

namespace needs {

struct shapes_equal_but_for_channels {
  template <class... Shapes>
  static constexpr bool accepts(const shape& first, const Shapes&... more) {
    return ((first.rank == more.rank && first.height == more.height && first.width == more.width) &&
            ...);
  }
};

} // namespace needs

/// Several values side by side in the channels: at each position those of the first, then those of
/// the second, and so on. Vectors are put one after the other. What a concatenate ends in.
struct concatenation : layer {
  static constexpr const char* name = "concatenation";
  using expects = needs::shapes_equal_but_for_channels;
  /// In int8 all values share one mapping, as TensorFlow Lite's specification wants it.
  static constexpr bool keeps_mapping = true;

  template <class Rounding>
  using quantized = concatenation;

  template <class... Shapes>
  static constexpr shape output(const shape& first, const Shapes&... more) {
    shape result = first;
    result.channels += (std::size_t{0} + ... + more.channels);
    return result;
  }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    for_each_part<Pass>(pass.output.rows, [&](std::size_t input, std::size_t part,
                                              std::size_t whole, std::size_t channels) {
      std::copy_n(pass.inputs[input] + part, channels, pass.output.data + whole);
    });
  }

  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    for_each_part<Pass>(pass.output_gradient.rows, [&](std::size_t input, std::size_t part,
                                                       std::size_t whole, std::size_t channels) {
      if (pass.input_gradients[input] != nullptr) {
        std::copy_n(pass.output_gradient.data + whole, channels,
                    pass.input_gradients[input] + part);
      }
    });
  }

private:
  /// Calls f(input, offset in it, offset in the output, how many elements) for each run of
  /// elements.
  template <class Pass, class F>
  static constexpr void for_each_part(std::size_t rows, F&& f) {
    constexpr shape out = Pass::output_shape;
    const std::size_t positions = rows * out.height * out.width;
    std::size_t start = 0;
    for (std::size_t input = 0; input < Pass::input_shapes.size(); ++input) {
      const std::size_t channels = Pass::input_shapes[input].channels;
      for (std::size_t at = 0; at < positions; ++at) {
        f(input, at * channels, at * out.channels + start, channels);
      }
      start += channels;
    }
  }
};

/// Layers, one after the other, where one is asked for.
template <class... Layers>
struct branch : structure {
  template <class List>
  static constexpr auto append_to(List list) {
    return append<Layers...>(list);
  }
};

namespace detail {

/// A list that ends in branches, and the values that these give.
template <class List, std::size_t... Ends>
struct branches {};

} // namespace detail

/// Several branches that take the same value; their results are put side by side in the channels
/// (Szegedy et al., "Going Deeper with Convolutions", 2015, section 4): `concatenate<conv2d<8, 1>,
/// branch<conv2d<4, 1>, relu, conv2d<8, 3, 1, padding::same>>>`. `branch<>` hands the value itself
/// on.
///
/// In the network it stands for the layers of its branches, branch by branch, then `concatenation`.
template <class... Branches>
struct concatenate : structure {
  static_assert(sizeof...(Branches) > 1, "mote::concatenate needs at least two branches");

  template <class List>
  static constexpr auto append_to(List) {
    const auto all = boost::hana::fold_left(
        boost::hana::tuple_t<Branches...>, detail::branches<List>{},
        []<class Before, std::size_t... Ends>(detail::branches<Before, Ends...>, auto element) {
          using with_branch = decltype(append<typename decltype(element)::type>(
              Before::template from<List::value>()));
          return detail::branches<with_branch, Ends..., with_branch::value>{};
        });
    return []<class Flat, std::size_t... Ends>(detail::branches<Flat, Ends...>) {
      return Flat::template add<concatenation, Ends...>();
    }(all);
  }
};

} // namespace mote
