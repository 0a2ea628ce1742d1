#pragma once

#include <mote/core/shape.hpp>
#include <mote/layers/flatten.hpp>

#include <cstddef>

namespace mote {

namespace needs {

template <std::size_t Count>
struct elements {
  static constexpr bool accepts(const shape& in) { return in.size() == Count; }
};

} // namespace needs

/// The same elements in the same order as a vector, a sequence or an image: `reshape<16, 3>`. Needs
/// as many elements as that shape has. Costs nothing: it is a view.
template <std::size_t... Extents>
struct reshape : detail::reshaping {
  static constexpr const char* name = "reshape";
  static constexpr shape target = input<Extents...>::value;
  using expects = needs::elements<target.size()>;

  template <class Rounding>
  using quantized = reshape;

  static constexpr shape output(const shape&) { return target; }
};

} // namespace mote
