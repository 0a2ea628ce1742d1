// Runs the network over a file of the host and writes what it answers:
//
//   command line: images output
//
// `images` holds raw pixels 0..255, one image after the other, and `output` gets the int8
// outputs in the same order. The two names are parted by a tab if there is one, so that names
// may have spaces, else by the first space.
#include "measure.hpp"
#include "model.hpp"
#include "semihosting.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace {

using firmware::file;
using firmware::print;

[[noreturn]] void fail(const char* what, const char* name = "") {
  print(what);
  print(name);
  print("\n");
  firmware::exit(1);
}

// Each semihosting call stops the core, so the images and the outputs move in pieces of a few
// kilobytes. Static, because they are larger than a small board's stack.
std::byte image_bytes[4096];
std::byte output_bytes[1024];
char names[2048];

struct image_reader {
  file& from;
  std::size_t next = 0;
  std::size_t end = 0;

  /// Fills `pixels`, moving 0..255 to -128..127: flipping the top bit subtracts 128.
  bool read(std::span<std::int8_t> pixels) {
    for (auto& pixel : pixels) {
      if (next == end) {
        next = 0;
        end = from.read(image_bytes);
        if (end == 0) {
          return false;
        }
      }
      pixel = static_cast<std::int8_t>(image_bytes[next++] ^ std::byte{0x80});
    }
    return true;
  }
};

struct output_writer {
  file& to;
  std::size_t used = 0;

  bool write(std::span<const std::int8_t> outputs) {
    for (const auto output : outputs) {
      if (used == sizeof output_bytes && !flush()) {
        return false;
      }
      output_bytes[used++] = static_cast<std::byte>(output);
    }
    return true;
  }

  bool flush() {
    const bool good = to.write(std::span(output_bytes).first(used));
    used = 0;
    return good;
  }
};

/// Cuts `text` in two at the gap between the names; null when there is none.
char* second_name(char* text) {
  const auto cut_at = [text](char gap) -> char* {
    for (char* letter = text; *letter != '\0'; ++letter) {
      if (*letter == gap) {
        *letter = '\0';
        return letter + 1;
      }
    }
    return nullptr;
  };
  char* const name = cut_at('\t');
  return name != nullptr ? name : cut_at(' ');
}

} // namespace

int main() {
  if (!firmware::command_line(names)) {
    fail("firmware: the command line is longer than this program's buffer");
  }
  const char* const output_name = second_name(names);
  if (output_name == nullptr) {
    fail("firmware: the command line must name two files: images output");
  }
  file images(names, file::mode::read);
  if (!images.is_open()) {
    fail("firmware: cannot read the images: ", names);
  }
  const int length = images.length();
  const std::size_t image_size = firmware::input().size();
  const std::size_t count = length < 0 ? 0 : static_cast<std::size_t>(length) / image_size;
  if (count == 0 || count * image_size != static_cast<std::size_t>(length)) {
    print("firmware: not a whole number of images of ");
    print(static_cast<std::uint32_t>(image_size));
    fail(" bytes: ", names);
  }
  file output(output_name, file::mode::write);
  if (!output.is_open()) {
    fail("firmware: cannot write the outputs: ", output_name);
  }

  image_reader reader{images};
  output_writer writer{output};
  std::size_t stack = 0;
  for (std::size_t image = 0; image < count; ++image) {
    if (!reader.read(firmware::input())) {
      fail("firmware: the images end early: ", names);
    }
    firmware::paint_stack();
    mote_measure_begin();
    const auto outputs = firmware::infer();
    mote_measure_end();
    const std::size_t used = firmware::stack_used();
    stack = used > stack ? used : stack;
    if (!writer.write(outputs)) {
      fail("firmware: writing failed: ", output_name);
    }
  }
  if (!writer.flush() || !output.close()) {
    fail("firmware: writing failed: ", output_name);
  }

  print("images=");
  print(static_cast<std::uint32_t>(count));
  print(" stack=");
  print(static_cast<std::uint32_t>(stack));
  print("\n");
  return 0;
}
