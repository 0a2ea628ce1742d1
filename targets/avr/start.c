/* From reset to the end on an AVR, whose flash is no memory: lpm reads it. */
#include "semihosting_call.h"

#include <stdint.h>

typedef void (*function)(void);

/* Addresses, from sections.ld. */
extern uint8_t mote_data_start[], mote_data_end[], mote_bss_end[];
extern const uint8_t mote_data_load[], mote_init_array_start[], mote_init_array_end[];

int main(void);

static uint8_t read_flash(const uint8_t* address) {
  uint8_t byte;
  __asm__("lpm %0, Z" : "=r"(byte) : "z"(address));
  return byte;
}

__attribute__((noreturn, used)) static void run_main(void) {
  const uint8_t* from = mote_data_load;
  uint8_t* to = mote_data_start;
  while (to < mote_data_end) {
    *to++ = read_flash(from++);
  }
  while (to < mote_bss_end) { /* .bss follows .data */
    *to++ = 0;
  }
  for (const uint8_t* f = mote_init_array_start; f < mote_init_array_end; f += 2) {
    ((function)(uintptr_t)(read_flash(f) | (uint16_t)read_flash(f + 1) << 8))();
  }
  mote_semihosting_exit(main());
}

/* The first of the vectors. The others are left out: no interrupt is ever enabled. Compilers
 * count on a zero in r1. */
__attribute__((naked, noreturn, section(".vectors"), used)) void mote_reset(void) {
  __asm__ volatile("clr r1\n\t"
                   "out 0x3F, r1\n\t" /* SREG */
                   "ldi r28, lo8(mote_stack_top - 1)\n\t"
                   "ldi r29, hi8(mote_stack_top - 1)\n\t"
                   "out 0x3E, r29\n\t" /* SPH, SPL */
                   "out 0x3D, r28\n\t"
                   "jmp %x0" ::"i"(run_main));
}
