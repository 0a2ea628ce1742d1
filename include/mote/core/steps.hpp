// The list of layers while passes rewrite it, and the tools they have for that.
#pragma once

#include <mote/core/network.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace mote {

namespace passes {

/// An element of the list that is being rewritten: a layer, the layers [First, Last] of the network
/// as written that it stands for, and which values of that network it takes (an index_sequence). It
/// gives value Last + 1.
template <class Layer, std::size_t First, std::size_t Last, class Values>
struct step {
  using layer = Layer;
  using values = Values;
  static constexpr std::size_t first = First;
  static constexpr std::size_t last = Last;
};

/// The list that is being rewritten. Not a Hana tuple: a filter of 200 elements hands 200 arguments
/// through every function on its way, which takes the compiler seconds.
template <class... Steps>
struct step_list {
  static constexpr std::size_t size = sizeof...(Steps);
  using list = mote::detail::type_list<Steps...>;
  template <std::size_t Index>
  using at = mote::detail::element_t<Index, list>;
};

/// The network as written.
template <class Net, std::size_t... Index>
constexpr auto as_steps(std::index_sequence<Index...>) {
  return step_list<step<typename Net::template layer<Index>, Index, Index,
                        typename Net::template sources<Index>>...>{};
}

namespace detail {

/// Where `flags` are set.
template <std::size_t Count, std::size_t Size>
constexpr auto find_set(const std::array<bool, Size>& flags) {
  std::array<std::size_t, Count> result{};
  for (std::size_t i = 0, next = 0; i < Size; ++i) {
    if (flags[i]) {
      result[next++] = i;
    }
  }
  return result;
}

/// The list of Make::at<Index> for each index at which Make::kept is set.
template <class Make>
constexpr auto select() {
  constexpr auto count =
      static_cast<std::size_t>(std::count(Make::kept.begin(), Make::kept.end(), true));
  return []<std::size_t... Index>(std::index_sequence<Index...>) {
    constexpr auto indices = find_set<count>(Make::kept);
    return step_list<typename Make::template at<indices[Index]>...>{};
  }
  (std::make_index_sequence<count>{});
}

// Classes where functions would read more easily: a compiler spells out the name of each function
// it makes, and here a name holds the whole list.

/// How many steps take each value.
template <class... Steps>
struct reader_counts {
  static constexpr auto value = [] {
    std::array<std::size_t, std::max({Steps::last...}) + 2> result{};
    const auto count = [&]<std::size_t... Value>(std::index_sequence<Value...>) {
      (++result[Value], ...);
    };
    (count(typename Steps::values{}), ...);
    return result;
  }();
};

/// Whether Rule applies to two steps, and nobody else reads what is between them.
template <class Rule, class Readers, class Step, class Next>
using absorbs =
    std::bool_constant<std::is_same_v<typename Next::values, std::index_sequence<Step::last + 1>> &&
                       Readers::value[Step::last + 1] == 1 &&
                       Rule::template applies<typename Step::layer, typename Next::layer>>;

/// A step with the next one inside, if that is absorbed.
template <class Rule, class Step, class Next, bool IsAbsorbed>
struct with_next {
  using type = Step;
};
template <class Rule, class Step, class Next>
struct with_next<Rule, Step, Next, true> {
  using type = step<typename Rule::template merged<typename Step::layer, typename Next::layer>,
                    Step::first, Next::last, typename Step::values>;
};

template <class Rule, class Steps, class Indices>
struct absorbing;

template <class Rule, class... Steps, std::size_t... Index>
struct absorbing<Rule, step_list<Steps...>, std::index_sequence<Index...>> {
  using list = step_list<Steps...>;
  using readers = reader_counts<Steps...>;

  /// The neighbour of a step, or the step itself where there is none.
  template <std::size_t At>
  using before = typename list::template at<(At == 0 ? 0 : At - 1)>;
  template <std::size_t At>
  using after = typename list::template at<(At + 1 == list::size ? At : At + 1)>;

  static constexpr std::array<bool, sizeof...(Steps)> kept{
      !absorbs<Rule, readers, before<Index>, Steps>::value...};
  template <std::size_t At>
  using at = typename with_next<
      Rule, typename list::template at<At>, after<At>,
      absorbs<Rule, readers, typename list::template at<At>, after<At>>::value>::type;
};

} // namespace detail

/// Lets each step absorb the one after it where Rule applies. Works on neighbours by index, so that
/// the work grows with the length of the list and the depth does not.
template <class Rule, class... Steps>
constexpr auto absorb(step_list<Steps...>) {
  return detail::select<
      detail::absorbing<Rule, step_list<Steps...>, std::index_sequence_for<Steps...>>>();
}

/// The network that a list of steps describes, and where its layers come from.
template <class Net, class Steps>
struct rewritten;

namespace detail {

/// Where the values of the network as written, of which there are Count, are found in the rewritten
/// one.
template <std::size_t Count, class... Steps>
struct positions {
  static constexpr auto value = [] {
    std::array<std::size_t, Count> result{};
    std::size_t position = 0;
    ((result[Steps::last + 1] = ++position), ...);
    return result;
  }();
};

template <class Positions, class Step, class Values = typename Step::values>
struct placed;

template <class Positions, class Step, std::size_t... Value>
struct placed<Positions, Step, std::index_sequence<Value...>> {
  using type =
      mote::detail::list_element<typename Step::layer, Positions::value[Step::last + 1] - 1,
                                 Positions::value[Value]...>;
};

} // namespace detail

template <class Net, class... Steps>
struct rewritten<Net, step_list<Steps...>> {
  using positions = detail::positions<Net::size + 1, Steps...>;
  using network =
      typename Net::template with_layers<typename detail::placed<positions, Steps>::type...>;
  /// Layer i of `network` stands for the layers firsts[i] ... lasts[i] of `Net`.
  static constexpr std::array<std::size_t, sizeof...(Steps)> firsts{Steps::first...};
  static constexpr std::array<std::size_t, sizeof...(Steps)> lasts{Steps::last...};
};

template <class Net, class Steps>
constexpr auto rewritten_to(Steps) {
  return std::type_identity<rewritten<Net, Steps>>{};
}

} // namespace passes

} // namespace mote
