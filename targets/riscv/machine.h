/* What cannot be said in C about a RISC-V. */
#ifndef MOTE_TARGETS_RISCV_MACHINE_H
#define MOTE_TARGETS_RISCV_MACHINE_H

/* The debugger or emulator knows a request by the two shifts of nothing around the breakpoint
 * ("RISC-V Semihosting"): three uncompressed instructions on one page. "memory", because the
 * host reads and writes buffers that the compiler does not see. */
static inline int mote_host_call(int operation, const void* arguments) {
  register int a0 __asm__("a0") = operation;
  register const void* a1 __asm__("a1") = arguments;
  __asm__ volatile(".balign 16\n\t"
                   ".option push\n\t"
                   ".option norvc\n\t"
                   "slli x0, x0, 0x1f\n\t"
                   "ebreak\n\t"
                   "srai x0, x0, 7\n\t"
                   ".option pop"
                   : "+r"(a0)
                   : "r"(a1)
                   : "memory");
  return a0;
}

/* The lowest address of the stack that is in use. */
__attribute__((always_inline)) static inline unsigned char* mote_stack_pointer(void) {
  unsigned char* pointer;
  __asm__ volatile("mv %0, sp" : "=r"(pointer)::"memory");
  return pointer;
}

#endif
