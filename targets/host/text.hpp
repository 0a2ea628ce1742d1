// Numbers and tables for people.
#pragma once

#include <mote/core/report.hpp>
#include <mote/core/shape.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace mote::program {

/// 1234567 as "1,234,567".
inline std::string thousands(std::uint64_t value) {
  const std::string digits = std::to_string(value);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0)
      text += ',';
    text += digits[i];
  }
  return text;
}

/// The shortest text that reads back as exactly this number.
inline std::string short_text(float value) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

inline std::string percent(double share) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2f %%", 100.0 * share);
  return buffer;
}

inline std::string shape_text(const shape& extents) {
  if (extents.rank == 1)
    return std::to_string(extents.channels);
  if (extents.rank == 2)
    return std::to_string(extents.width) + "x" + std::to_string(extents.channels);
  return std::to_string(extents.height) + "x" + std::to_string(extents.width) + "x" +
         std::to_string(extents.channels);
}

/// Prints rows as a Markdown table that is also aligned for a terminal; the first row is the head.
inline void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  for (std::size_t line = 0; line < rows.size(); ++line) {
    for (std::size_t i = 0; i < widths.size(); ++i)
      std::printf("| %-*s ", static_cast<int>(widths[i]), rows[line][i].c_str());
    std::printf("|\n");
    if (line == 0) {
      for (const std::size_t width : widths)
        std::printf("|%s", std::string(width + 2, '-').c_str());
      std::printf("|\n");
    }
  }
}

/// One row per layer, and the total.
template <class Net, class T>
void print_report() {
  const auto& costs = report<Net, T>;
  std::vector<std::vector<std::string>> rows{
      {"layer", "", "output", "parameters", "MACs", "flash bytes", "output bytes"}};
  for (std::size_t i = 0; i < costs.layers.size(); ++i) {
    const auto& layer = costs.layers[i];
    rows.push_back({std::to_string(i), layer.name, shape_text(layer.output),
                    thousands(layer.parameters), thousands(layer.macs),
                    thousands(layer.flash_bytes), thousands(layer.ram_bytes)});
  }
  rows.push_back({"total", "", "", thousands(costs.parameters), thousands(costs.macs),
                  thousands(costs.flash_bytes), thousands(costs.ram_bytes) + " (RAM)"});
  print_table(rows);
}

} // namespace mote::program
