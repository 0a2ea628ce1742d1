// CRC-32 of a file's bytes:
//
//   of_file <file>
#include <mote/core/crc32.hpp>

#include <cstdint>
#include <cstdio>

int main(int count, char** words) {
  std::FILE* file = count == 2 ? std::fopen(words[1], "rb") : nullptr;
  if (file == nullptr) {
    std::fprintf(stderr, "of_file: expected the name of a file that can be read\n");
    return 2;
  }
  mote::crc32 sum;
  for (int byte = std::fgetc(file); byte != EOF; byte = std::fgetc(file)) {
    sum.add(static_cast<std::uint8_t>(byte));
  }
  std::fclose(file);
  std::printf("%08x\n", static_cast<unsigned>(sum.value()));
  return 0;
}
