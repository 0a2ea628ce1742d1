// CRC-32, to tell whether two models are the same bits.
#pragma once

#include <mote/core/storage.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace mote {

/// CRC-32 of IEEE 802.3 (reflected polynomial 0xEDB88320), the one of zip and PNG.
class crc32 {
public:
  constexpr void add(std::uint8_t byte) {
    state_ ^= byte;
    for (int bit = 0; bit < 8; ++bit) {
      state_ = (state_ >> 1) ^ ((state_ & 1u) != 0 ? 0xedb8'8320u : 0u);
    }
  }
  /// A number's bytes from the lowest to the highest, so that the sum is the same on every machine.
  template <class T>
  constexpr void add_value(T value) {
    if constexpr (sizeof(T) == 1) {
      add(static_cast<std::uint8_t>(value));
    } else if constexpr (sizeof(T) == 4) {
      add_low_bytes(std::bit_cast<std::uint32_t>(value), 4);
    } else {
      add_low_bytes(std::bit_cast<std::uint64_t>(value), 8);
    }
  }
  constexpr std::uint32_t value() const { return ~state_; }

private:
  constexpr void add_low_bytes(std::uint64_t bits, int count) {
    for (int i = 0; i < count; ++i) {
      add(static_cast<std::uint8_t>(bits >> (8 * i)));
    }
  }
  std::uint32_t state_ = 0xffff'ffffu;
};

/// CRC-32 of all parameter tensors in the order of the layers.
template <class Net, class T>
constexpr std::uint32_t checksum(const parameters<Net, T>& weights) {
  crc32 sum;
  visit_tensors<Net>(
      [&](auto, const field&, const auto& tensor) {
        for (const auto value : tensor.values) {
          sum.add_value(value);
        }
      },
      weights);
  return sum.value();
}

} // namespace mote
