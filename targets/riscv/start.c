/* From reset to mote_run_main() on any 32-bit RISC-V that begins in machine mode. */

/* In run_main.c. */
__attribute__((noreturn)) void mote_run_main(void);
__attribute__((noreturn)) void mote_report_fault(unsigned cause);

/* Naked, to take a fresh stack first: the fault may be that the old one has overflowed.
 * mcause holds its number: 2 is an unknown instruction, 5 and 7 are loads and stores outside all
 * memory. Aligned as mtvec wants it. */
__attribute__((naked, noreturn, used, aligned(4))) static void fault(void) {
  __asm__ volatile("csrr a0, mcause\n\t"
                   "la sp, mote_stack_top\n\t"
                   "j mote_report_fault");
}

/* The core begins at the start of the flash. The global pointer is loaded without the linker's
 * help, which would use the pointer to do it. */
__attribute__((naked, noreturn, section(".vectors"), used)) void mote_reset(void) {
  __asm__ volatile(".option push\n\t"
                   ".option norelax\n\t"
                   "la gp, __global_pointer$\n\t"
                   ".option pop\n\t"
                   "la sp, mote_stack_top\n\t"
                   "la t0, %0\n\t"
                   "csrw mtvec, t0\n\t"
#ifdef __riscv_flen
                   "li t0, 0x2000\n\t" /* mstatus.FS: the FPU is off after reset */
                   "csrs mstatus, t0\n\t"
#endif
                   "j mote_run_main" ::"i"(fault));
}
