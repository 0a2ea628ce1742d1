/* QEMU plugin: counts the guest's instructions between two marker functions.
 *
 *   qemu-system-arm ... -plugin instructions.so,out=counts.txt -kernel firmware.elf
 *
 * Each call of mote_measure_begin starts a pass, which the next call of mote_measure_end ends.
 * At exit one line goes to the file (standard error without `out`):
 *
 *   instructions: passes=100 min=86214 max=86214 total=8621400
 *
 * The count is exact and the same on every run: QEMU calls us for each translated block, a
 * straight piece of code that runs to its end unless an exception cuts it short, and firmware
 * that takes an exception between the markers has failed anyway. It includes the few
 * instructions of the caller between the two calls, and instructions whose condition was false. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The part of qemu-plugin.h used here; distributions ship QEMU without its header. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_info;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
                                           void (*)(qemu_plugin_id_t, struct qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb*, void (*)(unsigned, void*),
                                          enum qemu_plugin_cb_flags, void*);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void*), void*);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb*);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb*, size_t);
const char* qemu_plugin_insn_symbol(const struct qemu_plugin_insn*);

#define EXPORT __attribute__((visibility("default")))

/* QEMU refuses a plugin whose version it does not know: 4.2 to 8 speak version 1, later ones
 * want a higher number for these same functions. */
#ifndef MOTE_QEMU_PLUGIN_VERSION
#  define MOTE_QEMU_PLUGIN_VERSION 1
#endif
EXPORT extern int qemu_plugin_version;
EXPORT int qemu_plugin_version = MOTE_QEMU_PLUGIN_VERSION;

/* No locks: the boards emulated here have one core. */
static const char* out_path;
static bool measuring;
static uint64_t pass;
static uint64_t passes, least = UINT64_MAX, most, total;

static void begin(unsigned cpu, void* data) {
  (void)cpu, (void)data;
  measuring = true;
  pass = 0;
}

static void end(unsigned cpu, void* data) {
  (void)cpu, (void)data;
  if (!measuring) {
    return;
  }
  measuring = false;
  ++passes;
  total += pass;
  least = pass < least ? pass : least;
  most = pass > most ? pass : most;
}

static void count(unsigned cpu, void* instructions) {
  (void)cpu;
  if (measuring) {
    pass += (uintptr_t)instructions;
  }
}

static void on_translated(qemu_plugin_id_t id, struct qemu_plugin_tb* block) {
  (void)id;
  /* A marker is called, so a block begins at its first instruction. It is one `return`: its
   * own block is not counted. */
  const char* symbol = qemu_plugin_insn_symbol(qemu_plugin_tb_get_insn(block, 0));
  const bool is_begin = symbol && strcmp(symbol, "mote_measure_begin") == 0;
  const bool is_end = symbol && strcmp(symbol, "mote_measure_end") == 0;
  const uintptr_t instructions = qemu_plugin_tb_n_insns(block);
  qemu_plugin_register_vcpu_tb_exec_cb(block,
                                       is_begin ? begin
                                       : is_end ? end
                                                : count,
                                       QEMU_PLUGIN_CB_NO_REGS, (void*)instructions);
}

static void report(qemu_plugin_id_t id, void* data) {
  (void)id, (void)data;
  FILE* out = out_path ? fopen(out_path, "w") : stderr;
  if (!out) {
    perror(out_path);
    return;
  }
  fprintf(out,
          "instructions: passes=%" PRIu64 " min=%" PRIu64 " max=%" PRIu64 " total=%" PRIu64 "\n",
          passes, passes ? least : 0, most, total);
  if (out != stderr) {
    fclose(out);
  }
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info* info, int argc,
                               char** argv);
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info* info, int argc,
                               char** argv) {
  (void)info;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "out=", 4) == 0) {
      out_path = strdup(argv[i] + 4);
    } else {
      fprintf(stderr, "instructions: unknown argument '%s'; there is only out=FILE\n", argv[i]);
      return -1;
    }
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
  qemu_plugin_register_atexit_cb(id, report, NULL);
  return 0;
}
