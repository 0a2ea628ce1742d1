// The memory plan: where each activation and each gradient lives in one arena, computed while
// compiling from the time at which each is first written and last read.
#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/network.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

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

/// Offsets and sizes are in elements of the arena. Index i of an array of values stands for value
/// i: 0 is the network's input, i what layer i - 1 gives.
template <std::size_t Layers, std::size_t MostSources = 1>
struct memory_plan {
  std::array<std::size_t, Layers + 1> value_offsets{};
  std::array<std::size_t, Layers + 1> gradient_offsets{};
  /// Other gradients are not computed: nobody needs them.
  std::array<bool, Layers + 1> has_gradient{};
  /// Where a layer is to write the gradients of the values it takes. Of a value that several layers
  /// take, the last of them in the list writes the gradient itself, the others write beside it and
  /// `adds` says that this has to be added.
  std::array<std::array<std::size_t, MostSources>, Layers> source_gradient_offsets{};
  std::array<std::array<bool, MostSources>, Layers> adds{};
  std::size_t size = 0;
  /// The largest sum of what is alive at one moment; no plan can be smaller.
  std::size_t lower_bound = 0;
};

namespace detail {

/// What the plan has to know of a layer.
template <std::size_t MostSources>
struct layer_traits {
  mote::aliasing aliasing = mote::aliasing::none;
  bool reads_input = false;
  bool reads_output = false;
  bool has_parameters = false; ///< that are trained
  std::size_t source_count = 1;
  std::array<std::size_t, MostSources> sources{}; ///< the values it takes
};

template <class Net>
constexpr std::size_t most_sources() {
  std::size_t most = 1;
  for_each_index<Net::size>(
      [&](auto index) { most = std::max(most, Net::template sources<index>::size()); });
  return most;
}

template <class Net>
constexpr auto traits_of() {
  constexpr std::size_t most = most_sources<Net>();
  std::array<layer_traits<most>, Net::size> traits{};
  for_each_index<Net::size>([&](auto index) {
    using layer_type = typename Net::template layer<index>;
    constexpr bool has_parameters =
        !is_none<typename layer_type::template parameters<Net::inputs[index], float>> &&
        !layer_type::is_frozen;
    [&]<std::size_t... Source>(std::index_sequence<Source...>) {
      traits[index] = {layer_type::aliasing,
                       layer_type::backward_reads_input,
                       layer_type::backward_reads_output,
                       has_parameters,
                       sizeof...(Source),
                       {Source...}};
    }
    (typename Net::template sources<index>{});
  });
  return traits;
}

/// Whether each layer takes just what the one before it gives.
template <std::size_t Layers, std::size_t MostSources>
constexpr bool is_chain(const std::array<layer_traits<MostSources>, Layers>& traits) {
  for (std::size_t layer = 0; layer < Layers; ++layer) {
    if (traits[layer].source_count != 1 || traits[layer].sources[0] != layer) {
      return false;
    }
  }
  return true;
}

/// A piece of the arena, in use from moment `first` to moment `last`, both included.
struct buffer {
  std::size_t size = 0;
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t offset = 0;
};

inline constexpr std::size_t no_buffer = static_cast<std::size_t>(-1);

/// The buffers of one network, and which of them each value and each gradient uses.
template <std::size_t Layers, std::size_t MostSources>
struct buffer_list {
  static constexpr std::size_t capacity = Layers + 1 + 1 + Layers * MostSources;

  std::array<buffer, capacity> buffers{};
  std::size_t count = 0;
  std::array<std::size_t, Layers + 1> of_value{};
  std::array<std::size_t, Layers + 1> of_gradient{};
  std::array<std::array<std::size_t, MostSources>, Layers> of_source_gradient{};

  constexpr buffer_list() {
    of_gradient.fill(no_buffer);
    for (auto& of_layer : of_source_gradient) {
      of_layer.fill(no_buffer);
    }
  }
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

/// When each value is read for the last time.
template <std::size_t Layers, std::size_t MostSources>
constexpr auto last_reads(const std::array<layer_traits<MostSources>, Layers>& traits,
                          bool trains) {
  std::array<std::size_t, Layers + 1> last{};
  for (std::size_t layer = 0; layer < Layers; ++layer) {
    const auto& needs = traits[layer];
    const std::size_t backward = moments<Layers>::backward(layer);
    for (std::size_t i = 0; i < needs.source_count; ++i) {
      std::size_t& of_source = last[needs.sources[i]];
      of_source = std::max(of_source, trains && needs.reads_input ? backward : layer + 1);
    }
    last[layer + 1] = trains && needs.reads_output ? backward : layer + 1;
  }
  last[Layers] = std::max(last[Layers], moments<Layers>::loss);
  return last;
}

template <std::size_t Layers, std::size_t MostSources>
constexpr void add_values(buffer_list<Layers, MostSources>& list,
                          const std::array<layer_traits<MostSources>, Layers>& traits,
                          const std::array<std::size_t, Layers + 1>& sizes, bool trains) {
  const auto last = last_reads(traits, trains);
  list.of_value[0] = list.add(sizes[0], 0, last[0]);
  for (std::size_t value = 1; value <= Layers; ++value) {
    const auto& needs = traits[value - 1];
    std::size_t shared = no_buffer;
    if (needs.aliasing != mote::aliasing::none) {
      for (std::size_t i = 0; i < needs.source_count && shared == no_buffer; ++i) {
        const std::size_t candidate = list.of_value[needs.sources[i]];
        // Working in place destroys the buffer's content, so nobody may read that later.
        if (needs.aliasing == mote::aliasing::view || list.buffers[candidate].last <= value) {
          shared = candidate;
        }
      }
    }
    if (shared != no_buffer) {
      list.of_value[value] = shared;
      list.extend(shared, sizes[value], last[value]);
    } else {
      list.of_value[value] = list.add(sizes[value], value, last[value]);
    }
  }
}

/// Which values need a gradient: those that something trained has a part in, and the output, whose
/// gradient the loss writes.
template <std::size_t Layers, std::size_t MostSources>
constexpr auto needed_gradients(const std::array<layer_traits<MostSources>, Layers>& traits,
                                bool input_gradient) {
  std::array<bool, Layers + 1> needed{};
  needed[0] = input_gradient;
  for (std::size_t layer = 0; layer < Layers; ++layer) {
    needed[layer + 1] = traits[layer].has_parameters;
    for (std::size_t i = 0; i < traits[layer].source_count; ++i) {
      needed[layer + 1] = needed[layer + 1] || needed[traits[layer].sources[i]];
    }
  }
  needed[Layers] = true;
  return needed;
}

template <std::size_t Layers, std::size_t MostSources>
constexpr void add_gradients(buffer_list<Layers, MostSources>& list,
                             const std::array<layer_traits<MostSources>, Layers>& traits,
                             const std::array<std::size_t, Layers + 1>& sizes,
                             const std::array<bool, Layers + 1>& needed) {
  using moment = moments<Layers>;
  list.of_gradient[Layers] = list.add(sizes[Layers], moment::loss, moment::backward(Layers - 1));
  for (std::size_t layer = Layers; layer-- > 0;) {
    const auto& needs = traits[layer];
    const std::size_t now = moment::backward(layer);
    // Nobody but this layer reads the gradient of its output, so one of those it writes may take
    // its place.
    bool may_share = needs.aliasing != mote::aliasing::none;
    for (std::size_t i = 0; needed[layer + 1] && i < needs.source_count; ++i) {
      const std::size_t value = needs.sources[i];
      if (!needed[value]) {
        continue;
      }
      const bool is_first = list.of_gradient[value] == no_buffer;
      const std::size_t last = !is_first    ? now
                               : value == 0 ? moment::end
                                            : moment::backward(value - 1);
      std::size_t target = list.of_gradient[layer + 1];
      if (may_share) {
        list.extend(target, sizes[value], last);
      } else {
        target = list.add(sizes[value], now, last);
      }
      may_share = false;
      list.of_source_gradient[layer][i] = target;
      if (is_first) {
        list.of_gradient[value] = target;
      }
    }
  }
}

/// In a chain each buffer lives only with its neighbours, so laying them alternately at the two
/// ends of the arena needs no more than the largest pair of neighbours: the lower bound.
template <std::size_t Layers, std::size_t MostSources>
constexpr void place_chain(buffer_list<Layers, MostSources>& list, std::size_t arena_size) {
  for (std::size_t i = 0; i < list.count; ++i) {
    list.buffers[i].offset = i % 2 == 0 ? 0 : arena_size - list.buffers[i].size;
  }
}

/// Largest first, each at the lowest offset where it disturbs none that lives with it (Pisarchyk &
/// Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020, section 5.2).
template <std::size_t Layers, std::size_t MostSources>
constexpr std::size_t place_by_size(buffer_list<Layers, MostSources>& list) {
  constexpr std::size_t capacity = buffer_list<Layers, MostSources>::capacity;
  std::array<std::size_t, capacity> by_size{};
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
  std::array<buffer, capacity> placed{};
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

template <std::size_t Layers, std::size_t MostSources>
constexpr std::size_t largest_living_sum(const buffer_list<Layers, MostSources>& list) {
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
constexpr auto plan_memory(std::size_t batch, std::size_t granule) {
  constexpr std::size_t layers = Net::size;
  constexpr std::size_t most_sources = detail::most_sources<Net>();
  const auto traits = detail::traits_of<Net>();
  std::array<std::size_t, layers + 1> sizes{};
  for (std::size_t i = 0; i <= layers; ++i) {
    sizes[i] = (Net::shapes[i].size() * batch + granule - 1) / granule * granule;
  }

  memory_plan<layers, most_sources> plan;
  detail::buffer_list<layers, most_sources> list;
  detail::add_values(list, traits, sizes, Mode::trains);
  if (Mode::trains) {
    plan.has_gradient = detail::needed_gradients(traits, Mode::input_gradient);
    detail::add_gradients(list, traits, sizes, plan.has_gradient);
  }

  plan.lower_bound = detail::largest_living_sum(list);
  if (Mode::trains || !detail::is_chain(traits)) {
    plan.size = detail::place_by_size(list);
  } else {
    plan.size = plan.lower_bound;
    detail::place_chain(list, plan.size);
  }
  const auto offset = [&](std::size_t buffer) {
    return buffer == detail::no_buffer ? 0 : list.buffers[buffer].offset;
  };
  for (std::size_t i = 0; i <= layers; ++i) {
    plan.value_offsets[i] = offset(list.of_value[i]);
    plan.gradient_offsets[i] = offset(list.of_gradient[i]);
  }
  for (std::size_t layer = 0; layer < layers; ++layer) {
    for (std::size_t i = 0; i < traits[layer].source_count; ++i) {
      const std::size_t written = list.of_source_gradient[layer][i];
      plan.source_gradient_offsets[layer][i] = offset(written);
      plan.adds[layer][i] = written != list.of_gradient[traits[layer].sources[i]];
    }
  }
  return plan;
}

} // namespace mote
