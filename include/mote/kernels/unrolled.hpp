// Loops that are always unrolled, so that an array indexed by them can live in registers.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace mote::kernels {

/// f(integral_constant 0), ..., f(integral_constant Count - 1), all inlined at every optimization
/// level; a pragma would be ignored at -Os.
template <std::size_t Count, class F>
[[gnu::always_inline]] constexpr void unrolled(F&& f) {
  [&]<std::size_t... Index>(std::index_sequence<Index...>) __attribute__((always_inline)) {
    (f(std::integral_constant<std::size_t, Index>{}), ...);
  }(std::make_index_sequence<Count>{});
}

} // namespace mote::kernels
