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

#include MOTE_MODEL_HEADER

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

void say(const char* what, std::uint32_t number) {
  print(what);
  print(number);
}

// Each semihosting call stops the core, so the images and the outputs move in pieces of a few
// kilobytes if there is room. Static, because they are larger than a small board's stack.
constexpr bool has_room = MOTE_RAM_BYTES >= 8192;
std::byte image_bytes[has_room ? 4096 : 64];
std::byte output_bytes[has_room ? 1024 : 16];
char names[has_room ? 2048 : 320];

struct image_reader {
  file& from;
  std::size_t next = 0;
  std::size_t end = 0;

  /// Fills `pixels`, moving 0..255 to -128..127: flipping the top bit subtracts 128. Returns how
  /// many there were: fewer at the end of the file.
  std::size_t read(std::span<std::int8_t> pixels) {
    for (std::size_t pixel = 0; pixel < pixels.size(); ++pixel) {
      if (next == end) {
        next = 0;
        end = from.read(image_bytes);
        if (end == 0) {
          return pixel;
        }
      }
      pixels[pixel] = static_cast<std::int8_t>(image_bytes[next++] ^ std::byte{0x80});
    }
    return pixels.size();
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
  file output(output_name, file::mode::write);
  if (!output.is_open()) {
    fail("firmware: cannot write the outputs: ", output_name);
  }

  image_reader reader{images};
  output_writer writer{output};
  std::uint32_t count = 0;
  std::size_t stack = 0;
  for (;; ++count) {
    const auto input = firmware::input();
    const std::size_t pixels = reader.read(input);
    if (pixels == 0 && count > 0) {
      break;
    }
    if (pixels < input.size()) {
      print("firmware: not a whole number of images of ");
      print(static_cast<std::uint32_t>(input.size()));
      fail(" bytes: ", names);
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

  // What the report says is known to this target's compiler alone: others pad otherwise.
  constexpr auto& costs = mote::model_report<MOTE_MODEL, MOTE_POLICY>;
  say("images=", count);
  say(" stack=", static_cast<std::uint32_t>(stack));
  say(" macs=", costs.macs);
  say(" flash=", costs.flash_bytes);
  say(" ram=", costs.ram_bytes);
  print("\n");
  return 0;
}
