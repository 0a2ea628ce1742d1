#include "estimate.hpp"

#include "text.hpp"

#include <mote/hosted/file.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace mote::program {

namespace {

/// The cells of "| a | b |" without the spaces around them.
std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  for (std::size_t at = line.find('|'); at != line.npos;) {
    const auto next = line.find('|', at + 1);
    if (next == line.npos)
      break;
    auto cell = line.substr(at + 1, next - at - 1);
    const auto first = cell.find_first_not_of(' ');
    const auto last = cell.find_last_not_of(' ');
    cells.emplace_back(first == cell.npos ? "" : cell.substr(first, last - first + 1));
    at = next;
  }
  return cells;
}

/// Of "12,345.6"; 0 when it is none.
double number(std::string text) {
  std::erase(text, ',');
  double value = 0.0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc{} && end == text.data() + text.size() ? value : 0.0;
}

std::string milliseconds(double instructions, double megahertz) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", instructions / (1000.0 * megahertz));
  return text;
}

} // namespace

std::vector<firmware_row> read_firmware_table(std::string_view text) {
  std::vector<firmware_row> rows;
  std::vector<std::string> head;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto cells = cells_of(text.substr(at, end - at));
    at = end + 1;
    if (!cells.empty() && cells[0] == "target") {
      head = cells;
      continue;
    }
    if (cells.empty() || cells.size() != head.size())
      continue;
    firmware_row row;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (head[i] == "target")
        row.target = cells[i];
      else if (head[i] == "network")
        row.network = cells[i];
      else if (head[i] == "policy")
        row.policy = cells[i];
      else if (head[i] == "flags")
        row.flags = cells[i];
      else if (head[i] == "instructions")
        row.instructions = number(cells[i]);
      else if (head[i] == "instructions per MAC")
        row.instructions_per_mac = number(cells[i]);
    }
    if (row.instructions > 0.0 && row.instructions_per_mac > 0.0)
      rows.push_back(row);
  }
  return rows;
}

void print_estimates(const std::string& name, const std::string& like, std::size_t macs,
                     double megahertz) {
  const auto bytes = hosted::read_file(MOTE_SOURCE_DIR "/bench/firmware.md");
  const auto measured =
      read_firmware_table({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const auto has = [&](const std::string& network, const std::string& target) {
    return std::ranges::any_of(
        measured, [&](const auto& row) { return row.network == network && row.target == target; });
  };
  std::vector<std::vector<std::string>> rows{
      {"core", "policy", "flags", "per MAC", "instructions", "", "milliseconds"}};
  for (const auto& row : measured) {
    const bool is_measured = row.network == name;
    if (!is_measured && (row.network != like || has(name, row.target)))
      continue;
    const double instructions =
        is_measured ? row.instructions : row.instructions_per_mac * static_cast<double>(macs);
    char share[32];
    std::snprintf(share, sizeof share, "%.2f", row.instructions_per_mac);
    rows.push_back({row.target, row.policy, row.flags, share,
                    thousands(static_cast<std::uint64_t>(instructions)),
                    is_measured ? "measured" : "estimate", milliseconds(instructions, megahertz)});
  }
  std::printf(
      "\nOn microcontrollers: int8, %s MACs, %s MHz. An estimate of instructions takes as many "
      "per MAC as\n%s was measured to (bench/firmware.md). All milliseconds are estimates: "
      "one instruction per cycle,\nand no waiting for flash.\n\n",
      thousands(macs).c_str(), short_text(static_cast<float>(megahertz)).c_str(), like.c_str());
  print_table(rows);
}

} // namespace mote::program
