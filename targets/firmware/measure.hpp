// What a run costs: instructions, counted by the emulator, and stack, found by painting it.
#pragma once

#include "machine.h"

#include <cstddef>

// The emulator (targets/emulator/) counts between calls of these two, which it finds by name: the
// firmware carries no measuring code. The operands keep the compiler from merging two functions
// that do the same nothing.
extern "C" {
[[gnu::used, gnu::noinline]] inline void mote_measure_begin() {
  __asm__ volatile("" ::"i"(0) : "memory");
}
[[gnu::used, gnu::noinline]] inline void mote_measure_end() {
  __asm__ volatile("" ::"i"(1) : "memory");
}

extern unsigned char mote_stack_limit[]; // lowest address of the stack, from sections.ld
}

namespace firmware {

inline constexpr unsigned char stack_paint = 0xC5;

// Both stack functions are part of their caller and have no frame of their own: everything
// below the caller's stack pointer is free to paint. (There is no red zone on these machines, and
// no interrupt is enabled.) "volatile", or the loop would become a call of memset, which would
// paint over its own return address.
[[gnu::always_inline]] inline void paint_stack() {
  volatile unsigned char* const top = mote_stack_pointer();
  for (volatile unsigned char* byte = mote_stack_limit; byte < top; ++byte) {
    *byte = stack_paint;
  }
}

/// Bytes of stack below the caller's own frame that were written since paint_stack(): the
/// depth of what the caller called.
[[gnu::always_inline]] inline std::size_t stack_used() {
  const volatile unsigned char* const top = mote_stack_pointer();
  const volatile unsigned char* byte = mote_stack_limit;
  while (byte < top && *byte == stack_paint) {
    ++byte;
  }
  return static_cast<std::size_t>(top - byte);
}

} // namespace firmware
