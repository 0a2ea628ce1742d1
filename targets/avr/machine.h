/* What cannot be said in C about an AVR. */
#ifndef MOTE_TARGETS_AVR_MACHINE_H
#define MOTE_TARGETS_AVR_MACHINE_H

#include <stdint.h>

/* The AVR has no semihosting of its own. Here a write to the first of its three registers without
 * a meaning (GPIOR0) is the request, and the other two hold the address of the arguments, then
 * the answer. */
static inline int mote_host_call(int operation, const void* arguments) {
  volatile uint8_t* const request = (volatile uint8_t*)0x3E;
  volatile uint8_t* const low = (volatile uint8_t*)0x4A;
  volatile uint8_t* const high = (volatile uint8_t*)0x4B;
  *low = (uint8_t)(uintptr_t)arguments;
  *high = (uint8_t)((uintptr_t)arguments >> 8);
  __asm__ volatile("" ::: "memory"); /* the host reads and writes what the compiler does not see */
  *request = (uint8_t)operation;
  __asm__ volatile("" ::: "memory");
  return (int)((uint16_t)*low | (uint16_t)((uint16_t)*high << 8));
}

/* The lowest address of the stack that is in use: the register holds the one below. */
__attribute__((always_inline)) static inline unsigned char* mote_stack_pointer(void) {
  return (unsigned char*)*(volatile uint16_t*)0x5D + 1;
}

#endif
