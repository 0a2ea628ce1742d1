// What the programs that learn handwritten digits share: the options, MNIST, and the comparison of
// what they print with golden numbers.
#pragma once

#include <mote/hosted/mnist.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"

namespace seeds {

/// What may be asked of such a program:
///   --corrected   without the text's mistakes
///   --float32     in single precision
///   --only N      stop after N iterations (or epochs)
///   --check FILE  compare with the golden numbers in FILE
/// and, where a file has several programs, its number.
struct choices {
  bool corrected = false;
  bool float32 = false;
  std::size_t only = std::numeric_limits<std::size_t>::max();
  std::string check;
  int program = 0;

  choices(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string_view word = argv[i];
      if (word == "--corrected") {
        corrected = true;
      } else if (word == "--float32") {
        float32 = true;
      } else if (word == "--only" && i + 1 < argc) {
        only = std::strtoull(argv[++i], nullptr, 10);
      } else if (word == "--check" && i + 1 < argc) {
        check = argv[++i];
      } else {
        program = std::atoi(argv[i]);
      }
    }
  }
};

/// What `read` returns; what is wrong with a file ends the program.
template <class Read>
auto or_exit(Read read) {
  try {
    return read();
  } catch (const mote::hosted::error& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    std::exit(2);
  }
}

/// MNIST, found as `mote::hosted::load_digits` does. Other digits would give other numbers: without
/// MNIST says so and gives nothing.
inline std::optional<mote::hosted::digit_data> find_mnist() {
  auto data = or_exit([] { return mote::hosted::load_digits({}, {1, 1}); });
  if (data.name != "MNIST") {
    std::puts("skipped: MNIST is not at hand; the variable MOTE_DATA may name its folder");
    return std::nullopt;
  }
  return data;
}

/// Images as a network takes them: pixel / 255, one row each.
template <class T>
std::vector<T> scaled(const mote::hosted::image_set& images, std::size_t count) {
  std::vector<T> rows(count * images.height * images.width);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = static_cast<T>(images.pixels[i]) / T{255};
  }
  return rows;
}

/// The golden numbers of one program: a JSON file with the series of numbers that the program
/// computes by name, those of the corrected program under "corrected", and how far the numbers may
/// be off under "tolerance" and "float32 tolerance" (not at all where nothing is said). What is a
/// text in the file is for people.
class golden_series {
public:
  explicit golden_series(const choices& wanted)
      : limited_(wanted.only != std::numeric_limits<std::size_t>::max()) {
    if (wanted.check.empty()) {
      return;
    }
    std::ifstream stream(wanted.check);
    const auto file = nlohmann::json::parse(stream, nullptr, /* throw */ false);
    if (!file.is_object()) {
      fail(wanted.check, "a JSON object", "something else");
      return;
    }
    expected_ = wanted.corrected ? file.at("corrected") : file;
    tolerance_ = file.at(wanted.float32 ? "float32 tolerance" : "tolerance");
  }

  /// Compares a series, or its beginning where the program was asked to stop early. What the file
  /// does not name is not compared.
  void operator()(const std::string& name, const std::vector<double>& obtained) {
    if (!expected_.contains(name)) {
      return;
    }
    seen_.insert(name);
    const auto expected = expected_.at(name).get<std::vector<double>>();
    if (obtained.size() > expected.size() || (!limited_ && obtained.size() < expected.size())) {
      fail(name, std::to_string(expected.size()) + " numbers",
           std::to_string(obtained.size()) + " numbers");
      return;
    }
    const double allowed = tolerance_.value(name, 0.0);
    double largest = 0.0;
    for (std::size_t i = 0; i < obtained.size(); ++i) {
      const double difference = std::abs(obtained[i] - expected[i]);
      if (!(difference <= allowed)) {
        fail(name + "[" + std::to_string(i) + "]", text(expected[i]), text(obtained[i]));
      }
      largest = difference > largest ? difference : largest;
    }
    compared_ += obtained.size();
    std::printf("golden %s: %zu numbers, largest difference %.1e, allowed %.1e\n", name.c_str(),
                obtained.size(), largest, allowed);
  }

  /// What main returns: 0 if nothing differed and, unless stopped early, nothing was left out.
  int result() {
    for (const auto& [name, series] : expected_.items()) {
      if (series.is_array() && !seen_.contains(name) && !limited_) {
        fail(name, "numbers", "none");
      }
    }
    if (!expected_.is_null() && compared_ == 0) {
      fail("the file", "something to compare", "nothing");
    }
    return failed_ == 0 ? 0 : 1;
  }

private:
  void fail(const std::string& name, const std::string& expected, const std::string& obtained) {
    if (++failed_ <= 20) {
      std::fprintf(stderr, "%s: expected %s, got %s\n", name.c_str(), expected.c_str(),
                   obtained.c_str());
    }
  }

  nlohmann::json expected_;
  nlohmann::json tolerance_;
  std::set<std::string> seen_;
  bool limited_;
  std::size_t compared_ = 0;
  std::size_t failed_ = 0;
};

} // namespace seeds
