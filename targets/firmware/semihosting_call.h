/* The one call behind all semihosting, shared by the C start-up and the C++ interface. How the
 * host is reached is the family's business, in its machine.h. */
#ifndef MOTE_TARGETS_FIRMWARE_SEMIHOSTING_CALL_H
#define MOTE_TARGETS_FIRMWARE_SEMIHOSTING_CALL_H

#include "machine.h"

#include <stdint.h>

/* Numbers from Arm's "Semihosting for AArch32 and AArch64", which RISC-V uses too, and
 * targets/emulator/simavr.c. */
enum mote_semihosting_operation {
  mote_sys_open = 0x01,
  mote_sys_close = 0x02,
  mote_sys_write0 = 0x04,
  mote_sys_write = 0x05,
  mote_sys_read = 0x06,
  mote_sys_get_cmdline = 0x15,
  mote_sys_exit_extended = 0x20,
};

/* Hands the operation and the address of its arguments (or the text itself) to the host and
 * returns the host's answer. */
static inline int mote_semihosting_call(enum mote_semihosting_operation operation,
                                        const void* arguments) {
  return mote_host_call((int)operation, arguments);
}

/* SYS_EXIT_EXTENDED and not SYS_EXIT, which cannot carry a status on a 32-bit core. */
__attribute__((noreturn)) static inline void mote_semihosting_exit(int code) {
  const uintptr_t application_exit = (uintptr_t)0x20026; /* ADP_Stopped_ApplicationExit */
  const uintptr_t arguments[2] = {application_exit, (uintptr_t)code};
  for (;;) {
    mote_semihosting_call(mote_sys_exit_extended, arguments);
  }
}

#endif
