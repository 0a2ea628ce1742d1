// A record keeps one item per layer, as plain struct members that a debugger and a linker map show.
#pragma once

#include <mote/core/tensor.hpp>

#include <cstddef>
#include <utility>

namespace mote {

/// One item of a record; empty items take no memory.
template <std::size_t Index, class Item>
struct slot {
  Item value;
};

template <std::size_t Index>
struct slot<Index, none> {};

/// An aggregate that holds Items... at the indices 0, 1, 2, ...
template <class Indices, class... Items>
struct record;

template <std::size_t... Indices, class... Items>
struct record<std::index_sequence<Indices...>, Items...> : slot<Indices, Items>... {};

// Access by base-class deduction: one instantiation per item, no recursion over the list.

template <std::size_t Index, class Item>
requires(!is_none<Item>) constexpr Item& get(slot<Index, Item>& item) {
  return item.value;
}

template <std::size_t Index, class Item>
requires(!is_none<Item>) constexpr const Item& get(const slot<Index, Item>& item) {
  return item.value;
}

template <std::size_t Index>
constexpr none get(const slot<Index, none>&) {
  return {};
}

} // namespace mote
