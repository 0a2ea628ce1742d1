// Text, files and the exit status of the host, through the debugger or emulator (semihosting).
// Nothing here allocates or keeps state. Each call stops the core and costs the host
// microseconds, so callers move data in large pieces.
#pragma once

#include "semihosting_call.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace firmware {

[[noreturn]] inline void exit(int code) {
  mote_semihosting_exit(code);
}

inline void print(const char* text) {
  mote_semihosting_call(mote_sys_write0, text);
}

inline void print(std::uint32_t number) {
  char digits[11]; // 2^32 has ten digits
  char* first = digits + sizeof digits;
  *--first = '\0';
  do {
    *--first = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  print(first);
}

/// Fills `text` with the command line, ended by a zero. False when it does not fit.
inline bool command_line(std::span<char> text) {
  struct {
    char* text;
    std::size_t size;
  } arguments{text.data(), text.size()};
  return mote_semihosting_call(mote_sys_get_cmdline, &arguments) == 0;
}

/// A file of the host, closed by its destructor. All calls on a file that is not open fail.
class file {
public:
  enum class mode : unsigned { read = 1, write = 5 }; // fopen's "rb" and "wb"

  file(const char* name, mode open_mode) {
    std::size_t length = 0;
    while (name[length] != '\0') {
      ++length;
    }
    const struct {
      const char* name;
      mode open_mode;
      std::size_t length;
    } arguments{name, open_mode, length};
    handle = mote_semihosting_call(mote_sys_open, &arguments);
  }
  ~file() { close(); }
  file(const file&) = delete;
  file& operator=(const file&) = delete;

  bool is_open() const { return handle != closed; }

  /// How many bytes were read: fewer than asked for at the end of the file or on an error.
  std::size_t read(std::span<std::byte> bytes) {
    return bytes.size() - left_over(mote_sys_read, bytes.data(), bytes.size());
  }

  /// True when all bytes were written.
  bool write(std::span<const std::byte> bytes) {
    return left_over(mote_sys_write, bytes.data(), bytes.size()) == 0;
  }

  bool close() {
    const bool good = is_open() && mote_semihosting_call(mote_sys_close, &handle) == 0;
    handle = closed;
    return good;
  }

private:
  // SYS_READ and SYS_WRITE answer with the number of bytes they did NOT move; a host that
  // answers -1 for an error moved none.
  std::size_t left_over(mote_semihosting_operation operation, const void* data,
                        std::size_t size) const {
    const struct {
      int handle;
      const void* data;
      std::size_t size;
    } arguments{handle, data, size};
    const int left = mote_semihosting_call(operation, &arguments);
    return left < 0 ? size : static_cast<std::size_t>(left);
  }

  static constexpr int closed = -1;
  int handle = closed;
};

} // namespace firmware
