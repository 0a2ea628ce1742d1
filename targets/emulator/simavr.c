/* Runs firmware on simavr, gives it the host's files, and counts instructions and clock cycles
 * between two marker functions:
 *
 *   simavr <mcu> <firmware.elf> [<file for the counts> [<command line of the firmware>]]
 *
 * Semihosting is that of Arm, with words of 16 bits, called as in targets/avr/machine.h. The exit
 * status is the firmware's; 99 when the core has stopped or its stack has left the memory that the
 * linker script gave it, below mote_bss_end.
 *
 * Each call of mote_measure_begin starts a pass, which the next call of mote_measure_end ends.
 * At exit two lines go to the file:
 *
 *   instructions: passes=100 min=186214 max=186214 total=18621400
 *   cycles: passes=100 min=286214 max=286214 total=28621400
 *
 * They are the cycles of the data sheet, exact and the same on every run. */
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <simavr/sim_io.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { request = 0x3E, low = 0x4A, high = 0x4B }; /* GPIOR0 to GPIOR2 */
enum { crashed = 99 };

static const char* command_line;
static FILE* files[8];
static int status = -1; /* of the firmware, once it has ended */

/* All of the firmware's pointers pass through here. */
static uint8_t* memory(avr_t* avr, unsigned address, unsigned size) {
  if (address + size > avr->ramend + 1U) {
    fprintf(stderr, "simavr: the firmware names %u bytes at 0x%x, past its RAM\n", size, address);
    exit(crashed);
  }
  return avr->data + address;
}

static const char* text_at(avr_t* avr, unsigned address) {
  const unsigned room = avr->ramend + 1U - address;
  if (address > avr->ramend || !memchr(avr->data + address, '\0', room)) {
    fprintf(stderr, "simavr: the firmware's text at 0x%x has no end\n", address);
    exit(crashed);
  }
  return (const char*)avr->data + address;
}

static unsigned argument(avr_t* avr, unsigned arguments, unsigned index) {
  const uint8_t* const bytes = memory(avr, arguments + 2 * index, 2);
  return bytes[0] | (unsigned)bytes[1] << 8;
}

static int open_file(const char* name, unsigned mode) {
  const int count = sizeof files / sizeof *files;
  for (int handle = 0; handle < count; ++handle) {
    if (!files[handle]) {
      files[handle] = fopen(name, mode == 1 ? "rb" : "wb");
      return files[handle] ? handle : -1;
    }
  }
  return -1;
}

static FILE* file(unsigned handle) {
  return handle < sizeof files / sizeof *files ? files[handle] : NULL;
}

static int close_file(unsigned handle) {
  FILE* const closing = file(handle);
  if (!closing) {
    return -1;
  }
  files[handle] = NULL;
  return fclose(closing) == 0 ? 0 : -1;
}

/* Both answer with the number of bytes that were not moved. */
static int write_file(avr_t* avr, FILE* to, unsigned from, unsigned size) {
  const uint8_t* const bytes = memory(avr, from, size);
  return (int)(size - (to ? fwrite(bytes, 1, size, to) : 0));
}
static int read_file(avr_t* avr, FILE* from, unsigned to, unsigned size) {
  uint8_t* const bytes = memory(avr, to, size);
  return (int)(size - (from ? fread(bytes, 1, size, from) : 0));
}

static int give_command_line(avr_t* avr, unsigned to, unsigned size) {
  const size_t length = strlen(command_line) + 1;
  if (length > size) {
    return -1;
  }
  memcpy(memory(avr, to, size), command_line, length);
  return 0;
}

/* The numbers are those of targets/firmware/semihosting_call.h. */
static int answer(avr_t* avr, unsigned operation, unsigned arguments) {
  switch (operation) {
  case 0x01:
    return open_file(text_at(avr, argument(avr, arguments, 0)), argument(avr, arguments, 1));
  case 0x02:
    return close_file(argument(avr, arguments, 0));
  case 0x04:
    fputs(text_at(avr, arguments), stdout);
    return 0;
  case 0x05:
    return write_file(avr, file(argument(avr, arguments, 0)), argument(avr, arguments, 1),
                      argument(avr, arguments, 2));
  case 0x06:
    return read_file(avr, file(argument(avr, arguments, 0)), argument(avr, arguments, 1),
                     argument(avr, arguments, 2));
  case 0x15:
    return give_command_line(avr, argument(avr, arguments, 0), argument(avr, arguments, 1));
  case 0x20:
    status = (int)argument(avr, arguments, 1);
    return 0;
  default:
    fprintf(stderr, "simavr: there is no operation 0x%x\n", operation);
    exit(crashed);
  }
}

static void on_request(avr_t* avr, avr_io_addr_t address, uint8_t operation, void* data) {
  (void)address, (void)data;
  const int result = answer(avr, operation, avr->data[low] | (unsigned)avr->data[high] << 8);
  avr->data[low] = (uint8_t)result;
  avr->data[high] = (uint8_t)((unsigned)result >> 8);
}

static uint32_t symbol(const elf_firmware_t* firmware, const char* name) {
  for (uint32_t i = 0; i < firmware->symbolcount; ++i) {
    if (strcmp(firmware->symbol[i]->symbol, name) == 0) {
      return firmware->symbol[i]->addr;
    }
  }
  return UINT32_MAX; /* never reached */
}

/* What the passes took of something. */
struct count {
  const char* name;
  uint64_t least, most, total;
};

static void add(struct count* count, uint64_t pass) {
  count->least = pass < count->least ? pass : count->least;
  count->most = pass > count->most ? pass : count->most;
  count->total += pass;
}

static void print(FILE* to, const struct count* count, uint64_t passes) {
  fprintf(to, "%s: passes=%" PRIu64 " min=%" PRIu64 " max=%" PRIu64 " total=%" PRIu64 "\n",
          count->name, passes, passes ? count->least : 0, count->most, count->total);
}

static bool run(avr_t* avr, const elf_firmware_t* firmware, FILE* counts) {
  const uint32_t begin = symbol(firmware, "mote_measure_begin");
  const uint32_t end = symbol(firmware, "mote_measure_end");
  const uint32_t stack_limit = symbol(firmware, "mote_bss_end") & 0xFFFF; /* from 0x800000 */
  bool started = false, measuring = false;
  struct count instructions = {"instructions", UINT64_MAX, 0, 0};
  struct count cycles = {"cycles", UINT64_MAX, 0, 0};
  uint64_t start = 0, executed = 0, passes = 0;
  while (status < 0) {
    const uint32_t at = avr->pc;
    if (at == end && measuring) {
      measuring = false;
      ++passes;
      add(&cycles, avr->cycle - start);
      add(&instructions, executed);
    }
    const int state = avr_run(avr);
    if (state == cpu_Done || state == cpu_Crashed) {
      fprintf(stderr, "simavr: the core stopped at 0x%x\n", (unsigned)avr->pc);
      return false;
    }
    const unsigned stack = avr->data[R_SPL] | (unsigned)avr->data[R_SPH] << 8;
    if (started && stack + 1 < stack_limit) {
      fprintf(stderr, "simavr: the stack is too deep, at 0x%x\n", at);
      return false;
    }
    started = started || stack == avr->ramend;
    ++executed;
    if (at == begin) { /* it is one `return`, which has run */
      measuring = true;
      start = avr->cycle;
      executed = 0;
    }
  }
  print(counts, &instructions, passes);
  print(counts, &cycles, passes);
  return true;
}

static void quiet(avr_t* avr, const int level, const char* format, va_list arguments) {
  (void)avr;
  if (level == LOG_ERROR) {
    vfprintf(stderr, format, arguments);
  }
}

int main(int count, char** arguments) {
  if (count < 3 || count > 5) {
    fprintf(stderr,
            "usage: simavr <mcu> <firmware.elf> [<file for the counts> [<command line>]]\n");
    return 2;
  }
  avr_global_logger_set(quiet);
  command_line = count > 4 ? arguments[4] : "";
  avr_t* const avr = avr_make_mcu_by_name(arguments[1]);
  elf_firmware_t firmware;
  memset(&firmware, 0, sizeof firmware);
  if (!avr || avr_init(avr) != 0 || elf_read_firmware(arguments[2], &firmware) != 0) {
    fprintf(stderr, "simavr: there is no part '%s' or no firmware '%s'\n", arguments[1],
            arguments[2]);
    return 2;
  }
  avr_load_firmware(avr, &firmware);
  avr->run_cycle_limit = 1; /* one instruction at a time, to see all addresses */
  avr_register_io_write(avr, request, on_request, NULL);

  const char* const counts_path = count > 3 ? arguments[3] : "/dev/null";
  FILE* const counts = fopen(counts_path, "w");
  if (!counts) {
    perror(counts_path);
    return 2;
  }
  const bool ended = run(avr, &firmware, counts);
  fclose(counts);
  fflush(stdout);
  return ended ? status : crashed;
}
