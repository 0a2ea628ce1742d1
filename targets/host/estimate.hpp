// How long a network will take on microcontrollers, from those that were measured.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mote::program {

/// One row of bench/firmware.md.
struct firmware_row {
  std::string target;
  std::string network;
  std::string policy;
  std::string flags;
  double instructions = 0.0;
  double instructions_per_mac = 0.0;
};

/// The rows of a table in the form of bench/firmware.md; what has no number is left out.
std::vector<firmware_row> read_firmware_table(std::string_view text);

/// Prints, for each core, instructions and milliseconds of one inference in int8 at `megahertz`:
/// those measured of the network called `name`, or estimates by the instructions per MAC of `like`.
void print_estimates(const std::string& name, const std::string& like, std::size_t macs,
                     double megahertz);

} // namespace mote::program
