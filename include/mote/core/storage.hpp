// What a network needs in memory, as plain structs of fixed size that the caller places:
// parameters, gradients, and the workspace in which activations come and go.
#pragma once

#include <mote/core/network.hpp>
#include <mote/core/part.hpp>
#include <mote/core/plan.hpp>
#include <mote/core/record.hpp>
#include <mote/core/requirements.hpp>
#include <mote/core/tensor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace mote {

namespace detail {

template <class Layer>
concept has_value_type = requires {
  typename Layer::value_type;
};

/// The arithmetic that a list of layers is bound to; float when they are free.
template <class Net, std::size_t Index = 0>
constexpr auto bound_value_type() {
  if constexpr (Index == Net::size) {
    return std::type_identity<float>{};
  } else if constexpr (has_value_type<typename Net::template layer<Index>>) {
    return std::type_identity<typename Net::template layer<Index>::value_type>{};
  } else {
    return bound_value_type<Net, Index + 1>();
  }
}

template <class Net, class T, class Indices = typename Net::indices>
struct parameter_items;

template <class Net, class T, std::size_t... Index>
struct parameter_items<Net, T, std::index_sequence<Index...>> {
  using type =
      record<std::index_sequence<Index...>,
             typename Net::template layer<Index>::template parameters<Net::inputs[Index], T>...>;
};

/// Names the tensors of a struct without making one: nothing is read through the reference.
template <class Items>
union unmade {
  char nothing = 0;
  Items items;
};

/// sizeof the parameters, also where std::size_t has no number for it, as it may be on an AVR:
/// there the sizes of tensors are wrong, but their extents are not.
template <class Net, class T>
constexpr std::uint32_t parameter_bytes() {
  if constexpr (sizeof(std::size_t) > 2) {
    return static_cast<std::uint32_t>(sizeof(typename parameter_items<Net, T>::type));
  } else {
    std::uint32_t sum = 0;
    for_each_index<Net::size>([&](auto index) {
      using items = typename Net::template layer<index>::template parameters<Net::inputs[index], T>;
      if constexpr (requires(items tensors) { items::visit([](auto&&...) {}, tensors); }) {
        unmade<items> holder{};
        items::visit(
            [&]<class Tensor>(const field&, Tensor&) {
              std::uint32_t bytes = sizeof(typename Tensor::value_type);
              for (const std::size_t extent : Tensor::extents) {
                bytes *= extent;
              }
              sum += bytes; // nothing is aligned there
            },
            holder.items);
      }
    });
    return sum;
  }
}

template <class Net, class T, std::size_t Batch, bool Trains, class Indices = typename Net::indices>
struct cache_items {
  using type = none;
};

template <class Net, class T, std::size_t Batch, std::size_t... Index>
struct cache_items<Net, T, Batch, true, std::index_sequence<Index...>> {
  using type =
      record<std::index_sequence<Index...>,
             typename Net::template layer<Index>::template cache<Net::inputs[Index], T, Batch>...>;
};

} // namespace detail

/// The type of a network's activations unless the caller names another: std::int8_t for a quantized
/// network, else float.
template <class Net>
using value_type_of = typename decltype(detail::bound_value_type<Net>())::type;

/// The parameters of a network: one struct per layer, reached by `get<layer index>(parameters)`.
/// Where vectors are loaded, `alignas(64)` before a variable of this type or a workspace makes it
/// faster; the trainer's have it.
template <class Net, class T = value_type_of<Net>>
struct parameters : detail::parameter_items<Net, T>::type {
  using network = Net;
  static_assert(detail::fits_flash<detail::parameter_bytes<Net, T>()>);
};

/// The gradient of the loss, laid out like the parameters.
template <class Net, class T = value_type_of<Net>>
struct gradients : detail::parameter_items<Net, T>::type {
  using network = Net;
};

/// Calls f(layer index, field, tensor...) for every parameter tensor of the network, with the same
/// tensor of each of the records: parameters, gradients, an optimizer's state, in any number.
/// The layer index is a std::integral_constant.
template <class Net, class F, class... Records>
constexpr void visit_tensors(F&& f, Records&... records) {
  for_each_index<Net::size>([&](auto index) {
    using items = typename Net::template layer<index>::template parameters<Net::inputs[index],
                                                                           value_type_of<Net>>;
    if constexpr (!is_none<items>) {
      constexpr bool has_visit = requires(items tensors) {
        items::visit([](auto&&...) {}, tensors);
      };
      static_assert(detail::require<has_visit, typename Net::template layer<index>,
                                    lacks::visit_in_parameters>);
      [&]<class First, class... Rest>(First& first, Rest&... rest) {
        First::visit(
            [&](field description, auto&... tensors) {
              description.frozen = Net::template layer<index>::is_frozen;
              f(index, description, tensors...);
            },
            first, rest...);
      }(get<index>(records)...);
    }
  });
}

/// The memory in which a network runs on up to `Batch` samples at once: input, activations and,
/// when `Mode` trains, gradients of activations, all in one arena laid out by `plan_memory`.
///
/// The input lives in the arena too and is overwritten as soon as it has been read, so it must be
/// written again before every forward pass.
template <class Net, class T = value_type_of<Net>, std::size_t Batch = 1, class Mode = inference>
struct workspace {
  static_assert(Batch > 0, "mote::workspace: a batch has at least one sample");
  using network = Net;
  using value_type = T;
  static constexpr std::size_t batch = Batch;

  /// Training rows start on cache lines; inference only on words, because RAM is scarce there.
  static constexpr std::size_t alignment = Mode::trains ? 64 : (alignof(T) > 4 ? alignof(T) : 4);
  static constexpr auto plan = plan_memory<Net, Mode>(Batch, alignment / sizeof(T));

  alignas(alignment) std::array<T, plan.size> arena;
  [[no_unique_address]] typename detail::cache_items<Net, T, Batch, Mode::trains>::type caches;

  /// Value `Index`: 0 is the input, `network::size` the output, i + 1 what layer i gives.
  template <std::size_t Index>
  constexpr auto value(std::size_t rows = Batch) {
    return view<Index>(plan.value_offsets[Index], rows);
  }
  /// The gradient of the loss by `value<Index>()`.
  template <std::size_t Index>
  constexpr auto gradient(std::size_t rows = Batch) {
    static_assert(plan.has_gradient[Index],
                  "mote::workspace: this gradient is not computed in this mode");
    return view<Index>(plan.gradient_offsets[Index], rows);
  }
  /// The part of that gradient which layer `Layer` writes for the value that it takes as its
  /// `Source`th.
  template <std::size_t Layer, std::size_t Source, std::size_t Index>
  constexpr auto source_gradient(std::size_t rows = Batch) {
    return view<Index>(plan.source_gradient_offsets[Layer][Source], rows);
  }

  constexpr auto input(std::size_t rows = Batch) { return value<0>(rows); }
  constexpr auto output(std::size_t rows = Batch) { return value<Net::size>(rows); }
  constexpr auto input_gradient(std::size_t rows = Batch) { return gradient<0>(rows); }
  constexpr auto output_gradient(std::size_t rows = Batch) { return gradient<Net::size>(rows); }

private:
  template <std::size_t Index>
  constexpr auto view(std::size_t offset, std::size_t rows) {
    return batch_view<T, Net::shapes[Index].size()>{arena.data() + offset, rows};
  }
};

} // namespace mote
