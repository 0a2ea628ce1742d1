// Constants that are in flash, on machines where that is no memory like any other.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote {

#if defined(__AVR__)

/// A pointer into the parameters of a model, which an AVR keeps in flash (the linker script
/// targets/avr/sections.ld sees to it) and reads with an instruction of its own. Clang alone
/// compiles C++20 for AVR; its address space 1 is the flash.
template <class T>
class flash_pointer {
public:
  constexpr flash_pointer(const T* address) : address_(address) {}

  constexpr T operator[](std::size_t i) const {
    if (__builtin_is_constant_evaluated()) {
      return address_[i];
    }
    using in_flash = const T __attribute__((address_space(1)));
    return ((in_flash*)reinterpret_cast<std::uintptr_t>(address_))[i];
  }

  friend constexpr flash_pointer operator+(flash_pointer pointer, std::size_t i) {
    return {pointer.address_ + i};
  }

private:
  const T* address_;
};

#else

template <class T>
using flash_pointer = const T*;

#endif

} // namespace mote
