/* The one instruction behind all semihosting, shared by the C start-up and the C++ interface. */
#ifndef MOTE_TARGETS_CORTEX_M_SEMIHOSTING_CALL_H
#define MOTE_TARGETS_CORTEX_M_SEMIHOSTING_CALL_H

/* Numbers from Arm's "Semihosting for AArch32 and AArch64". */
enum mote_semihosting_operation {
  mote_sys_open = 0x01,
  mote_sys_close = 0x02,
  mote_sys_write0 = 0x04,
  mote_sys_write = 0x05,
  mote_sys_read = 0x06,
  mote_sys_flen = 0x0C,
  mote_sys_get_cmdline = 0x15,
  mote_sys_exit_extended = 0x20,
};

/* Stops at a breakpoint that the debugger or emulator understands as a request: the operation in
 * r0, the address of its arguments (or the text itself) in r1, the answer in r0. "memory",
 * because the host reads and writes buffers that the compiler does not see. */
static inline int mote_semihosting_call(enum mote_semihosting_operation operation,
                                        const void* arguments) {
  register int r0 __asm__("r0") = (int)operation;
  register const void* r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

/* SYS_EXIT_EXTENDED and not SYS_EXIT, which cannot carry a status on a 32-bit core. */
__attribute__((noreturn)) static inline void mote_semihosting_exit(int code) {
  const unsigned application_exit = 0x20026; /* ADP_Stopped_ApplicationExit */
  const unsigned arguments[2] = {application_exit, (unsigned)code};
  for (;;) {
    mote_semihosting_call(mote_sys_exit_extended, arguments);
  }
}

#endif
