// What a run costs: instructions, counted by the emulator, and stack, found by painting it.
#pragma once

#include <cstddef>
#include <cstdint>

// The emulator's plugin (targets/emulator/instructions.c) counts the instructions between
// calls of these two, which it finds by name: the firmware carries no measuring code. "noipa"
// keeps the calls, and keeps the compiler from merging two functions that do the same nothing.
extern "C" {
[[gnu::noipa]] inline void mote_measure_begin() {
  __asm__ volatile("" ::: "memory");
}
[[gnu::noipa]] inline void mote_measure_end() {
  __asm__ volatile("" ::: "memory");
}

extern std::uint32_t mote_stack_limit[]; // lowest address of the stack, from sections.ld
}

namespace firmware {

inline constexpr std::uint32_t stack_paint = 0xC5C5C5C5;

// Both stack functions are part of their caller and have no frame of their own: everything
// below the caller's stack pointer is free to paint. (There is no red zone on Arm, and no
// interrupt is enabled.) "volatile", or the loop would become a call of memset, which would
// paint over its own return address.
[[gnu::always_inline]] inline volatile std::uint32_t* stack_pointer() {
  std::uint32_t* pointer;
  __asm__ volatile("mov %0, sp" : "=r"(pointer)::"memory");
  return pointer;
}

[[gnu::always_inline]] inline void paint_stack() {
  volatile std::uint32_t* const top = stack_pointer();
  for (volatile std::uint32_t* word = mote_stack_limit; word < top; ++word) {
    *word = stack_paint;
  }
}

/// Bytes of stack below the caller's own frame that were written since paint_stack(): the
/// depth of what the caller called.
[[gnu::always_inline]] inline std::size_t stack_used() {
  const volatile std::uint32_t* const top = stack_pointer();
  const volatile std::uint32_t* word = mote_stack_limit;
  while (word < top && *word == stack_paint) {
    ++word;
  }
  return static_cast<std::size_t>(top - word) * sizeof *word;
}

} // namespace firmware
