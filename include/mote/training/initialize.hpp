#pragma once

#include <mote/core/random.hpp>
#include <mote/core/storage.hpp>
#include <mote/layers/initializers.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

namespace mote {

namespace detail {

/// For each value of a network the first layer that takes it; Net::size for the output.
template <class Net>
constexpr auto find_first_readers() {
  std::array<std::size_t, Net::size + 1> readers{};
  readers.fill(Net::size);
  for_each_index_backwards<Net::size>([&](auto index) {
    [&]<std::size_t... Value>(std::index_sequence<Value...>) {
      ((readers[Value] = index), ...);
    }
    (typename Net::template sources<index>{});
  });
  return readers;
}
template <class Net>
inline constexpr auto first_readers = find_first_readers<Net>();

/// True when the results of layer `Index` reach a rectifying activation before another layer with
/// weights.
template <class Net, std::size_t Index>
constexpr bool feeds_rectifier() {
  constexpr std::size_t reader = first_readers<Net>[Index + 1];
  if constexpr (reader == Net::size) {
    return false;
  } else {
    using next = typename Net::template layer<reader>;
    if constexpr (requires { next::rectifies; }) {
      return next::rectifies;
    } else if constexpr (requires { typename next::initializer; }) {
      return false;
    } else {
      return feeds_rectifier<Net, reader>();
    }
  }
}

/// The initializer of a layer, with `automatic` resolved by what follows.
template <class Net, std::size_t Index>
constexpr auto initializer_of() {
  using layer_type = typename Net::template layer<Index>;
  if constexpr (requires { typename layer_type::initializer; }) {
    if constexpr (!std::is_same_v<typename layer_type::initializer, initializers::automatic>) {
      return typename layer_type::initializer{};
    } else if constexpr (feeds_rectifier<Net, Index>()) {
      return initializers::he{};
    } else {
      return initializers::glorot{};
    }
  } else {
    return initializers::glorot{};
  }
}

} // namespace detail

/// Draws initial weights with each layer's initializer, layer by layer in forward order; biases and
/// statistics get the value that their layer names, zero as a rule. The same generator state gives
/// the same parameters.
template <class Net, class T>
constexpr void initialize(parameters<Net, T>& weights, random_source& generator) {
  visit_tensors<Net>(
      [&](auto index, const field& description, auto& tensor) {
        if (description.role == role::weight) {
          decltype(detail::initializer_of<Net, index>())::fill(
              std::span<T>{tensor.values}, description.fan_in, description.fan_out, generator);
        } else if (description.role != role::constant) {
          for (T& value : tensor.values) {
            value = static_cast<T>(description.initial);
          }
        }
      },
      weights);
}

} // namespace mote
