/* What cannot be said in C about a Cortex-M. */
#ifndef MOTE_TARGETS_CORTEX_M_MACHINE_H
#define MOTE_TARGETS_CORTEX_M_MACHINE_H

/* Stops at a breakpoint that the debugger or emulator understands as a request. "memory",
 * because the host reads and writes buffers that the compiler does not see. */
static inline int mote_host_call(int operation, const void* arguments) {
  register int r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

/* The lowest address of the stack that is in use. */
__attribute__((always_inline)) static inline unsigned char* mote_stack_pointer(void) {
  unsigned char* pointer;
  __asm__ volatile("mov %0, sp" : "=r"(pointer)::"memory");
  return pointer;
}

#endif
