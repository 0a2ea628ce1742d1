// CRC-32 of all int8 outputs of an exported model, one line for each policy and each instruction
// set, whose kernels are computed where they are not the machine's own:
//
//   of_model <images>
//
// `images` holds raw pixels 0..255, one image after the other. MOTE_MODEL_HEADER is the exported
// header, MOTE_MODEL the struct in it.
#include <mote/core/crc32.hpp>
#include <mote/mote.hpp>

#include MOTE_MODEL_HEADER

#include <cstdint>
#include <cstdio>

namespace {

using network = MOTE_MODEL::network;

mote::workspace<network> memory;

/// Reads the next image, 0..255 as -128..127. False at the end of the file.
bool read_image(std::FILE* file) {
  const auto input = memory.input().elements();
  unsigned char pixels[network::input.size()];
  if (std::fread(pixels, sizeof pixels, 1, file) != 1) {
    return false;
  }
  for (std::size_t i = 0; i < input.size(); ++i) {
    input[i] = static_cast<std::int8_t>(pixels[i] - 128);
  }
  return true;
}

template <class Policy, class Isa>
bool print_sum(const char* name) {
  std::FILE* file = std::fopen(name, "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "of_model: cannot read %s\n", name);
    return false;
  }
  mote::crc32 sum;
  unsigned count = 0;
  for (; read_image(file); ++count) {
    for (const auto code : mote::forward<MOTE_MODEL, Policy, Isa>(memory).elements()) {
      sum.add_value(code);
    }
  }
  std::fclose(file);
  std::printf("%08x %u images, %s, %s\n", static_cast<unsigned>(sum.value()), count, Policy::name,
              Isa::name);
  return true;
}

} // namespace

int main(int count, char** words) {
  if (count != 2) {
    std::fprintf(stderr, "of_model: expected the name of a file of images\n");
    return 2;
  }
  const char* images = words[1];
  namespace isa = mote::isa;
  const bool good = print_sum<mote::smallest, isa::generic>(images) &&
                    print_sum<mote::balanced, isa::native>(images) &&
                    print_sum<mote::balanced, isa::scalar32>(images) &&
                    print_sum<mote::fastest, isa::scalar32>(images) &&
                    print_sum<mote::balanced, isa::arm_dsp>(images) &&
                    print_sum<mote::fastest, isa::arm_dsp>(images) &&
                    print_sum<mote::balanced, isa::helium>(images) &&
                    print_sum<mote::fastest, isa::helium>(images);
  return good ? 0 : 1;
}
