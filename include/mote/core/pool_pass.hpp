// The pass that puts max pools into the convolutions before them.
#pragma once

#include <mote/core/fused.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/steps.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace mote {

namespace passes {

namespace detail {

using mote::detail::takes_max_pool;

template <class Layer>
inline constexpr bool is_max_pool = requires {
  requires Layer::fuses_into_conv2d;
};

/// Rules for what may follow a layer that takes a max pool.
struct take_max_pool {
  template <class, class Next>
  static constexpr bool applies = is_max_pool<Next>;
};
struct take_activation {
  template <class, class Next>
  static constexpr bool applies = requires {
    requires Next::is_activation && Next::never_decreases && !Next::backward_reads_input;
  };
};

template <class Step, class Pool, class Activation, std::size_t Last>
using pooled_step = step<
    typename Step::layer::template pooled<typename Step::layer, Activation, typename Pool::layer>,
    Step::first, Last, typename Step::values>;

template <class Net, class Step>
constexpr bool gains_from_max_pool() {
  if constexpr (takes_max_pool<typename Step::layer>) {
    return Step::layer::gains_from_max_pool(Net::inputs[Step::first]);
  } else {
    return false;
  }
}

/// A step with the max pool inside that comes next or after next.
template <class Net, class Readers, class Step, class Second, class Third>
constexpr auto with_max_pool() {
  if constexpr (!gains_from_max_pool<Net, Step>()) {
    return Step{};
  } else if constexpr (absorbs<take_max_pool, Readers, Step, Second>::value) {
    if constexpr (absorbs<take_activation, Readers, Second, Third>::value) {
      return pooled_step<Step, Second, typename Third::layer, Third::last>{};
    } else {
      return pooled_step<Step, Second, identity, Second::last>{};
    }
  } else if constexpr (absorbs<take_activation, Readers, Step, Second>::value &&
                       absorbs<take_max_pool, Readers, Second, Third>::value) {
    return pooled_step<Step, Third, typename Second::layer, Third::last>{};
  } else {
    return Step{};
  }
}

template <class Net, class Steps, class Indices>
struct pooling;

template <class Net, class... Steps, std::size_t... Index>
struct pooling<Net, step_list<Steps...>, std::index_sequence<Index...>> {
  using list = step_list<Steps...>;
  using readers = reader_counts<Steps...>;

  /// The last step again where there is none: no step takes its own value.
  template <std::size_t At>
  using nth = typename list::template at<std::min(At, list::size - 1)>;
  template <std::size_t At>
  using at = decltype(with_max_pool<Net, readers, nth<At>, nth<At + 1>, nth<At + 2>>());

  static constexpr auto kept = [] {
    constexpr std::array firsts{Steps::first...};
    constexpr std::array lasts{at<Index>::last...};
    std::array<bool, list::size> result{};
    for (std::size_t i = 0, next = 0; i < list::size; ++i) {
      result[i] = firsts[i] >= next;
      next = result[i] ? lasts[i] + 1 : next;
    }
    return result;
  }();
};

} // namespace detail

/// Puts a max pool whose windows lie side by side into the convolution before it, with an
/// activation that never decreases between the two or behind them. `Net` is the network as written.
template <class Net, class... Steps>
constexpr auto fuse_max_pools(step_list<Steps...>) {
  return detail::select<
      detail::pooling<Net, step_list<Steps...>, std::index_sequence_for<Steps...>>>();
}

/// Whether there is anything for that to look at; spares the compiler most networks.
template <class Net, std::size_t... Index>
constexpr bool has_max_pool(std::index_sequence<Index...>) {
  return (detail::is_max_pool<typename Net::template layer<Index>> || ...);
}
} // namespace passes

} // namespace mote
