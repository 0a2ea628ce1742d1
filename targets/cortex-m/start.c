/* From reset to main() on any Cortex-M, without a C library. */
#include "semihosting_call.h"

#include <stdint.h>

typedef void (*function)(void);

/* Addresses, from sections.ld. */
extern uint32_t mote_stack_top[];
extern uint32_t mote_data_start[], mote_data_end[], mote_data_load[];
extern uint32_t mote_bss_start[], mote_bss_end[];
extern const function mote_init_array_start[], mote_init_array_end[];

int main(void);

static void enable_extensions(void) {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
  /* CPACR: coprocessors 10 and 11 are the FPU and Helium, and off after reset. */
  *(volatile uint32_t*)0xE000ED88 |= 0xFU << 20;
#endif
#if defined(__ARM_FEATURE_MVE)
  /* CCR.LOB: without it the low-overhead loops of v8.1-M take their slow path. */
  *(volatile uint32_t*)0xE000ED14 |= 1U << 19;
#endif
  /* The instructions that follow must see the change. */
  __asm__ volatile("dsb\n\tisb" ::: "memory");
}

/* A plain function: the core itself loads the stack pointer from the vector table. */
__attribute__((noreturn)) void mote_reset(void) {
  enable_extensions();
  const uint32_t* from = mote_data_load;
  for (uint32_t* to = mote_data_start; to < mote_data_end;) {
    *to++ = *from++;
  }
  for (uint32_t* to = mote_bss_start; to < mote_bss_end;) {
    *to++ = 0;
  }
  for (const function* f = mote_init_array_start; f < mote_init_array_end; ++f) {
    (*f)();
  }
  mote_semihosting_exit(main());
}

__attribute__((noreturn, used)) static void report_fault(unsigned exception) {
  char text[] = "firmware: fault, exception 00\n";
  char* const digits = text + sizeof text - 4;
  digits[0] = (char)('0' + exception / 10 % 10);
  digits[1] = (char)('0' + exception % 10);
  mote_semihosting_call(mote_sys_write0, text);
  mote_semihosting_exit(99);
}

/* Naked, to take a fresh stack first: the fault may be that the old one has overflowed.
 * IPSR holds the number of the exception: 3 is HardFault, to which the others escalate. */
__attribute__((naked, noreturn)) static void fault(void) {
  __asm__ volatile("mrs r0, ipsr\n\t"
                   "ldr r1, =mote_stack_top\n\t"
                   "mov sp, r1\n\t"
                   "ldr r1, =report_fault\n\t"
                   "bx r1\n\t"
                   ".ltorg");
}

/* Only what the core defines: no device interrupt is ever enabled. */
__attribute__((section(".vectors"), used)) static const struct {
  uint32_t* stack;
  function reset;
  function exceptions[14];
} vectors = {
    mote_stack_top,
    mote_reset,
    {fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
     fault},
};
