#include "report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace bench {

namespace {

std::string with_digits(double number, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

/// 12,345, to four digits that count.
std::string thousands(double number) {
  const double unit = std::pow(10.0, std::floor(std::log10(number)) - 3.0);
  auto text = with_digits(unit > 1.0 ? std::round(number / unit) * unit : number, 0);
  for (auto i = static_cast<std::ptrdiff_t>(text.size()) - 3; i > 0; i -= 3) {
    text.insert(static_cast<std::size_t>(i), ",");
  }
  return text;
}

/// The median, and how far the measurements went from it at most.
std::string with_spread(const spread& values) {
  const double deviation =
      std::max(values.highest - values.median, values.median - values.lowest) / values.median;
  return thousands(values.median) + " ±" + with_digits(100.0 * deviation, 0) + " %";
}

/// The first of the results whose library is mote or is not; null when there is none.
const result* best(const row& row, bool of_mote) {
  const result* found = nullptr;
  for (const auto& one : row.results) {
    if (is_mote(one.library) == of_mote &&
        (found == nullptr ||
         (!of_mote && one.samples_per_second.median > found->samples_per_second.median))) {
      found = &one;
    }
  }
  return found;
}

/// What the roofline allows (Williams, Waterman & Patterson, "Roofline", 2009): the less of what
/// the multiply-adds and what the memory allow, and how much of it is reached.
std::string roof(const row& row, double rate) {
  if (row.threads > 1) {
    return "-"; // the rates of the memory are those of one
  }
  const double compute_limit = row.peak / row.work.operations();
  const double limit = std::min(compute_limit, row.memory_limit);
  return thousands(limit) + (limit < compute_limit ? " by memory: " : " by peak: ") +
         with_digits(100.0 * rate / limit, 0) + " %";
}

std::string line(const row& row, const std::vector<peer>& libraries) {
  std::string text = std::string("| ") + row.work.network.name + " | " +
                     std::to_string(row.work.batch) + " | " + row.work.direction() + " | " +
                     std::to_string(row.threads) + " |";
  const result* fastest_peer = best(row, false);
  for (const auto& library : libraries) {
    const auto found = std::ranges::find(row.results, library.name, &result::library);
    if (found == row.results.end()) {
      text += " - |";
    } else if (&*found == fastest_peer) {
      text += " **" + with_spread(found->samples_per_second) + "** |";
    } else {
      text += " " + with_spread(found->samples_per_second) + " |";
    }
  }
  const result* mote = best(row, true);
  if (mote == nullptr) {
    return text + " - | - | - | - |\n";
  }
  const double rate = mote->samples_per_second.median;
  const double operations = rate * row.work.operations();
  const auto ratio = [&](const result& one) {
    return with_digits(one.samples_per_second.median / fastest_peer->samples_per_second.median, 2);
  };
  text += fastest_peer == nullptr ? " -" : " " + ratio(*mote);
  for (const auto& one : row.results) {
    if (fastest_peer != nullptr && is_mote(one.library) && &one != mote) {
      text += " (" + ratio(one) + ")"; // another way to do it
    }
  }
  text += " |";
  return text + " " + with_digits(1e-9 * operations, 1) + " | " +
         with_digits(100.0 * operations / row.peak, 0) + " % | " + roof(row, rate) + " |\n";
}

} // namespace

bool is_mote(const std::string& library) {
  return library.starts_with("mote");
}

std::string markdown(const std::vector<row>& rows, const std::vector<peer>& libraries) {
  std::string names, rules;
  for (const auto& library : libraries) {
    names += " " + library.name + " |";
    rules += "---:|";
  }
  std::string text = "| network | batch | direction | threads |" + names +
                     " mote / best peer | GFLOP/s of mote | of the peak | roofline |\n" +
                     "|---|---:|---|---:|" + rules + "---:|---:|---:|---:|\n";
  for (const auto& row : rows) {
    text += line(row, libraries);
  }
  return text;
}

std::string json(const std::vector<row>& rows) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& row : rows) {
    for (const auto& [library, rate] : row.results) {
      list.push_back({{"network", row.work.network.name},
                      {"batch", row.work.batch},
                      {"direction", row.work.direction()},
                      {"threads", row.threads},
                      {"library", library},
                      {"samples_per_second", rate.median},
                      {"peak_share", rate.median * row.work.operations() / row.peak},
                      {"memory_limit", row.memory_limit},
                      {"lowest", rate.lowest},
                      {"highest", rate.highest}});
    }
  }
  return list.dump(1) + "\n";
}

} // namespace bench
