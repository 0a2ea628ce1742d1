// The memory plan: where each activation and each gradient lives in one arena, computed while
// compiling from the time at which each is first written and last read.
#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/network.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace mote {

/// Only forward; an activation is forgotten when the next layer has read it.
struct inference {
  static constexpr bool trains = false;
  static constexpr bool input_gradient = false;
};

/// Forward and backward, for the gradients of the parameters.
struct training {
  static constexpr bool trains = true;
  static constexpr bool input_gradient = false;
};

/// Forward and backward, also for the gradient of the network's input.
struct training_with_input_gradient {
  static constexpr bool trains = true;
  static constexpr bool input_gradient = true;
};

/// Offsets and sizes are in elements of the arena. Index i of an array stands for what lies between
/// layer i - 1 and layer i; index 0 is the network's input, index Layers its output.
template <std::size_t Layers>
struct memory_plan {
  std::array<std::size_t, Layers + 1> value_offsets{};
  std::array<std::size_t, Layers + 1> gradient_offsets{};
  /// Gradients before this index are not computed: nobody needs them.
  std::size_t first_gradient = Layers + 1;
  std::size_t size = 0;
  /// The largest sum of what is alive at one moment; no plan can be smaller.
  std::size_t lower_bound = 0;
};

namespace detail {

/// What the plan has to know of a layer.
struct layer_traits {
  mote::aliasing aliasing = mote::aliasing::none;
  bool reads_input = false;
  bool reads_output = false;
  bool has_parameters = false; ///< that are trained
};

template <class Net>
constexpr auto traits_of() {
  std::array<layer_traits, Net::size> traits{};
  for_each_index<Net::size>([&](auto index) {
    using layer_type = typename Net::template layer<index>;
    constexpr bool has_parameters =
        !is_none<typename layer_type::template parameters<Net::shapes[index], float>> &&
        !layer_type::is_frozen;
    traits[index] = {layer_type::aliasing, layer_type::backward_reads_input,
                     layer_type::backward_reads_output, has_parameters};
  });
  return traits;
}

/// A piece of the arena, in use from moment `first` to moment `last`, both included.
struct buffer {
  std::size_t size = 0;
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t offset = 0;
};

/// The buffers of one network, and which of them each value and each gradient uses.
template <std::size_t Layers>
struct buffer_list {
  std::array<buffer, 2 * (Layers + 1)> buffers{};
  std::size_t count = 0;
  std::array<std::size_t, Layers + 1> of_value{};
  std::array<std::size_t, Layers + 1> of_gradient{};
  std::size_t first_gradient = Layers + 1;

  constexpr std::size_t add(std::size_t size, std::size_t first, std::size_t last) {
    buffers[count] = {size, first, last, 0};
    return count++;
  }
  constexpr void extend(std::size_t index, std::size_t size, std::size_t last) {
    buffers[index].size = std::max(buffers[index].size, size);
    buffers[index].last = std::max(buffers[index].last, last);
  }
};

/// Moments: layer i runs forward at i + 1, the loss at Layers + 1, layer i backward at
/// 2 * Layers + 1 - i. Moment 0 is the caller's, who writes the input.
template <std::size_t Layers>
struct moments {
  static constexpr std::size_t loss = Layers + 1;
  static constexpr std::size_t end = 2 * Layers + 2;
  static constexpr std::size_t backward(std::size_t layer) { return 2 * Layers + 1 - layer; }
};

template <std::size_t Layers>
constexpr std::size_t last_read_of_value(const std::array<layer_traits, Layers>& traits,
                                         std::size_t value, bool trains) {
  std::size_t last = value + 1; // the next layer's forward, or the loss
  if (trains && value < Layers && traits[value].reads_input) {
    last = std::max(last, moments<Layers>::backward(value));
  }
  if (trains && value > 0 && traits[value - 1].reads_output) {
    last = std::max(last, moments<Layers>::backward(value - 1));
  }
  return last;
}

template <std::size_t Layers>
constexpr void add_values(buffer_list<Layers>& list, const std::array<layer_traits, Layers>& traits,
                          const std::array<std::size_t, Layers + 1>& sizes, bool trains) {
  list.of_value[0] = list.add(sizes[0], 0, last_read_of_value(traits, 0, trains));
  for (std::size_t value = 1; value <= Layers; ++value) {
    const std::size_t last = last_read_of_value(traits, value, trains);
    const std::size_t previous = list.of_value[value - 1];
    const mote::aliasing aliasing = traits[value - 1].aliasing;
    // Working in place destroys the buffer's content, so nobody may read that later.
    const bool shares = aliasing == mote::aliasing::view || (aliasing == mote::aliasing::in_place &&
                                                             list.buffers[previous].last <= value);
    if (shares) {
      list.of_value[value] = previous;
      list.extend(previous, sizes[value], last);
    } else {
      list.of_value[value] = list.add(sizes[value], value, last);
    }
  }
}

template <std::size_t Layers>
constexpr void
add_gradients(buffer_list<Layers>& list, const std::array<layer_traits, Layers>& traits,
              const std::array<std::size_t, Layers + 1>& sizes, bool input_gradient) {
  std::size_t first = 0;
  if (!input_gradient) {
    while (first < Layers && !traits[first].has_parameters) {
      ++first;
    }
    first = std::min(first + 1, Layers);
  }
  list.first_gradient = first;
  for (std::size_t value = Layers + 1; value-- > first;) {
    const std::size_t written =
        value == Layers ? moments<Layers>::loss : moments<Layers>::backward(value);
    const std::size_t last =
        value == 0 ? moments<Layers>::end : moments<Layers>::backward(value - 1);
    if (value < Layers && traits[value].aliasing != mote::aliasing::none) {
      list.of_gradient[value] = list.of_gradient[value + 1];
      list.extend(list.of_gradient[value], sizes[value], last);
    } else {
      list.of_gradient[value] = list.add(sizes[value], written, last);
    }
  }
}

/// In a chain each buffer lives only with its neighbours, so laying them alternately at the two
/// ends of the arena needs no more than the largest pair of neighbours: the lower bound.
template <std::size_t Layers>
constexpr void place_chain(buffer_list<Layers>& list, std::size_t arena_size) {
  for (std::size_t i = 0; i < list.count; ++i) {
    list.buffers[i].offset = i % 2 == 0 ? 0 : arena_size - list.buffers[i].size;
  }
}

/// Largest first, each at the lowest offset where it disturbs none that lives with it (Pisarchyk &
/// Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020, section 5.2).
template <std::size_t Layers>
constexpr std::size_t place_by_size(buffer_list<Layers>& list) {
  std::array<std::size_t, 2 * (Layers + 1)> by_size{};
  for (std::size_t i = 0; i < list.count; ++i) {
    by_size[i] = i;
  }
  std::sort(by_size.begin(), by_size.begin() + list.count, [&](std::size_t a, std::size_t b) {
    const std::size_t size_a = list.buffers[a].size;
    const std::size_t size_b = list.buffers[b].size;
    return size_a != size_b ? size_a > size_b : a < b;
  });
  // Those placed so far, by offset. Kept as copies side by side, and compared by hand: the compiler
  // runs this loop half a million times for a network of 200 layers, and counts every call.
  std::array<buffer, 2 * (Layers + 1)> placed{};
  std::size_t arena_size = 0;
  for (std::size_t count = 0; count < list.count; ++count) {
    buffer current = list.buffers[by_size[count]];
    for (std::size_t i = 0; i < count; ++i) {
      const buffer& other = placed[i];
      if (other.offset >= current.offset + current.size) {
        break;
      }
      if (current.first <= other.last && other.first <= current.last &&
          other.offset + other.size > current.offset) {
        current.offset = other.offset + other.size;
      }
    }
    list.buffers[by_size[count]].offset = current.offset;
    arena_size = std::max(arena_size, current.offset + current.size);
    std::size_t position = count;
    for (; position > 0 && placed[position - 1].offset > current.offset; --position) {
      placed[position] = placed[position - 1];
    }
    placed[position] = current;
  }
  return arena_size;
}

template <std::size_t Layers>
constexpr std::size_t largest_living_sum(const buffer_list<Layers>& list) {
  std::array<std::size_t, moments<Layers>::end + 2> born{};
  std::array<std::size_t, moments<Layers>::end + 2> gone{};
  for (std::size_t i = 0; i < list.count; ++i) {
    born[list.buffers[i].first] += list.buffers[i].size;
    gone[list.buffers[i].last + 1] += list.buffers[i].size;
  }
  std::size_t largest = 0;
  std::size_t alive = 0;
  for (std::size_t moment = 0; moment <= moments<Layers>::end; ++moment) {
    alive = alive + born[moment] - gone[moment];
    largest = std::max(largest, alive);
  }
  return largest;
}

} // namespace detail

/// Plans the arena of a network for `batch` samples. Every buffer starts at and takes a multiple of
/// `granule` elements.
template <class Net, class Mode>
constexpr memory_plan<Net::size> plan_memory(std::size_t batch, std::size_t granule) {
  constexpr std::size_t layers = Net::size;
  const auto traits = detail::traits_of<Net>();
  std::array<std::size_t, layers + 1> sizes{};
  for (std::size_t i = 0; i <= layers; ++i) {
    sizes[i] = (Net::shapes[i].size() * batch + granule - 1) / granule * granule;
  }

  detail::buffer_list<layers> list;
  detail::add_values(list, traits, sizes, Mode::trains);
  if (Mode::trains) {
    detail::add_gradients(list, traits, sizes, Mode::input_gradient);
  }

  memory_plan<layers> plan;
  plan.lower_bound = detail::largest_living_sum(list);
  if (Mode::trains) {
    plan.size = detail::place_by_size(list);
  } else {
    plan.size = plan.lower_bound;
    detail::place_chain(list, plan.size);
  }
  plan.first_gradient = list.first_gradient;
  for (std::size_t i = 0; i <= layers; ++i) {
    plan.value_offsets[i] = list.buffers[list.of_value[i]].offset;
    if (i >= list.first_gradient) {
      plan.gradient_offsets[i] = list.buffers[list.of_gradient[i]].offset;
    }
  }
  return plan;
}

} // namespace mote
