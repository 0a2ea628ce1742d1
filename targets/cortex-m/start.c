/* From reset to mote_run_main() on any Cortex-M. */
#include <stdint.h>

typedef void (*function)(void);

extern uint32_t mote_stack_top[]; /* from sections.ld */

/* In run_main.c. */
__attribute__((noreturn)) void mote_run_main(void);
__attribute__((noreturn)) void mote_report_fault(unsigned exception);

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
  mote_run_main();
}

/* Naked, to take a fresh stack first: the fault may be that the old one has overflowed.
 * IPSR holds the number of the exception: 3 is HardFault, to which the others escalate. */
__attribute__((naked, noreturn)) static void fault(void) {
  __asm__ volatile("mrs r0, ipsr\n\t"
                   "ldr r1, =mote_stack_top\n\t"
                   "mov sp, r1\n\t"
                   "ldr r1, =mote_report_fault\n\t"
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
