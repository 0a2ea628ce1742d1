/* From the first C function to the end, where flash is memory like any other. */
#include "semihosting_call.h"

#include <stdint.h>

typedef void (*function)(void);

/* Addresses, from sections.ld. */
extern uint32_t mote_data_start[], mote_data_end[], mote_data_load[];
extern uint32_t mote_bss_start[], mote_bss_end[];
extern const function mote_init_array_start[], mote_init_array_end[];

int main(void);

__attribute__((noreturn)) void mote_run_main(void);

__attribute__((noreturn)) void mote_run_main(void) {
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

/* A fault's number is the family's: see start.c. */
__attribute__((noreturn)) void mote_report_fault(unsigned number);

__attribute__((noreturn)) void mote_report_fault(unsigned number) {
  char text[] = "firmware: fault, exception 00\n";
  char* const digits = text + sizeof text - 4;
  digits[0] = (char)('0' + number / 10 % 10);
  digits[1] = (char)('0' + number % 10);
  mote_semihosting_call(mote_sys_write0, text);
  mote_semihosting_exit(99);
}
