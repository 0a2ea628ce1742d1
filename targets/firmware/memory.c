/* The only functions of the C library that GCC calls on its own: to copy, clear and compare
 * objects, and in place of loops that do the work of one (strlen, since GCC 12). With them and
 * libgcc the firmware links without a C library.
 *
 * Compiled with -fno-tree-loop-distribute-patterns: GCC recognizes these very loops and would
 * make each function call itself. */
#include <stddef.h>
#include <stdint.h>

void* memcpy(void* restrict to, const void* restrict from, size_t size);
void* memmove(void* to, const void* from, size_t size);
void* memset(void* to, int value, size_t size);
int memcmp(const void* left, const void* right, size_t size);
size_t strlen(const char* text);

/* Words may be moved whatever the type of the objects. */
typedef uint32_t __attribute__((may_alias)) word;

static int aligned(const void* pointer) {
  return ((uintptr_t)pointer & (sizeof(word) - 1)) == 0;
}

void* memcpy(void* restrict to, const void* restrict from, size_t size) {
  unsigned char* t = to;
  const unsigned char* f = from;
  /* A word costs what a byte costs. Both ends aligned, since v6-M faults on other words. */
  if (aligned(t) && aligned(f)) {
    for (; size >= sizeof(word); size -= sizeof(word)) {
      *(word*)(void*)t = *(const word*)(const void*)f;
      t += sizeof(word);
      f += sizeof(word);
    }
  }
  while (size-- != 0) {
    *t++ = *f++;
  }
  return to;
}

void* memmove(void* to, const void* from, size_t size) {
  unsigned char* t = to;
  const unsigned char* f = from;
  /* Forwards is right when the target begins below the source, or past its end. */
  if ((uintptr_t)t - (uintptr_t)f >= size) {
    return memcpy(to, from, size);
  }
  while (size-- != 0) {
    t[size] = f[size];
  }
  return to;
}

void* memset(void* to, int value, size_t size) {
  unsigned char* t = to;
  const unsigned char byte = (unsigned char)value;
  if (aligned(t)) {
    const word four = byte * 0x01010101U;
    for (; size >= sizeof(word); size -= sizeof(word)) {
      *(word*)(void*)t = four;
      t += sizeof(word);
    }
  }
  while (size-- != 0) {
    *t++ = byte;
  }
  return to;
}

int memcmp(const void* left, const void* right, size_t size) {
  const unsigned char* l = left;
  const unsigned char* r = right;
  for (; size != 0; --size, ++l, ++r) {
    if (*l != *r) {
      return *l - *r;
    }
  }
  return 0;
}

size_t strlen(const char* text) {
  size_t length = 0;
  while (text[length] != '\0') {
    ++length;
  }
  return length;
}
