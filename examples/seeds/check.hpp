// What the programs of the teaching texts share: printing numbers to the last digit, and comparing
// them with golden ones.
#pragma once

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <ranges>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace seeds {

/// The shortest text that reads back as the same number.
inline std::string text(double number) {
  if (std::isnan(number)) {
    return "nan"; // whatever its sign, which differs between compilers
  }
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  return std::string(buffer, end);
}

inline std::string text(std::string_view words) {
  return std::string(words);
}

/// A list of numbers, or of lists: [a, b, c].
template <std::ranges::input_range List>
requires(!std::is_convertible_v<const List&, std::string_view>) std::string text(const List& list) {
  std::string result = "[";
  for (const auto& item : list) {
    result.append(result.size() > 1 ? ", " : "").append(text(item));
  }
  return result.append("]");
}

/// One line: words, numbers and lists with spaces between them.
template <class... Items>
void print(const Items&... items) {
  std::string line;
  (line.append(line.empty() ? "" : " ").append(text(items)), ...);
  std::puts(line.c_str());
}

/// Numbers in order, whatever lists they are in.
inline void flatten(double number, std::vector<double>& flat) {
  flat.push_back(number);
}

template <std::ranges::input_range List>
void flatten(const List& list, std::vector<double>& flat) {
  for (const auto& item : list) {
    flatten(item, flat);
  }
}

/// The golden numbers of one program, given as `--check FILE`: a JSON object of numbers and lists
/// of numbers by name. Without that argument every comparison does nothing.
///
///     seeds::golden golden(argc, argv);
///     golden("prediction", prediction);  // the same as the file's "prediction"?
///     return golden.result();            // from main
///
/// Equal means the same double, as == says; the string "nan" stands for a number that is none.
///
/// NumPy's last digit is not always its own: on processors with AVX-512 it has an e^x and a ln x
/// that round otherwise than the C library's, and fast matrix products do not round before they
/// add. Where that shows, the file has two numbers, {"golden": a, "plain": b}, where b is what the
/// same NumPy gives without those; a program must give one of them, and the result says how often
/// it was b.
class golden {
public:
  golden(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      if (std::string_view(argv[i]) == "--check" && i + 1 < argc) {
        open(argv[++i]);
      } else {
        arguments_.emplace_back(argv[i]);
      }
    }
  }

  /// The number given as the program's argument `index`, not counting --check and its file.
  double argument(std::size_t index, double otherwise) const {
    return index < arguments_.size() ? std::strtod(arguments_[index].c_str(), nullptr) : otherwise;
  }

  /// Whether there is something to compare with.
  explicit operator bool() const { return !numbers_.is_null(); }

  /// Compares a number or all numbers of a list, in order, with those that the file calls `name`.
  /// What the file has no name for is not compared; what it has one for must be, says `result`.
  template <class Value>
  void operator()(const std::string& name, const Value& value) {
    if (!numbers_.contains(name)) {
      return;
    }
    const std::vector<nlohmann::json> expected = leaves(name);
    std::vector<double> obtained;
    flatten(value, obtained);
    if (obtained.size() != expected.size()) {
      fail(name, std::to_string(expected.size()) + " numbers",
           std::to_string(obtained.size()) + " numbers");
      return;
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ++compared_;
      if (!same(expected[i], obtained[i])) {
        fail(expected.size() == 1 ? name : name + "[" + std::to_string(i) + "]", expected[i].dump(),
             text(obtained[i]));
      }
    }
  }

  /// The members of a series whose indices the file lists under `name`: it keeps some of many.
  template <class Item>
  std::vector<Item> pick(const std::string& name, const std::vector<Item>& series) {
    std::vector<Item> picked;
    if (*this) {
      for (const auto& index : leaves(name)) {
        const auto at = index.get<std::size_t>();
        if (at >= series.size()) {
          fail(name, "at least " + std::to_string(at + 1) + " items",
               std::to_string(series.size()));
          break;
        }
        picked.push_back(series[at]);
      }
    }
    return picked;
  }

  /// What main returns: 0 if all numbers of the file were compared and were the same.
  int result() {
    if (!*this) {
      return unreadable_ ? 2 : 0;
    }
    for (const auto& [name, numbers] : numbers_.items()) {
      if (!numbers.is_string() && !seen_.contains(name)) {
        fail(name, numbers.dump(), "nothing");
      }
    }
    if (compared_ == 0) {
      fail("the file", "numbers", "none");
    }
    if (failed_ == 0) {
      std::printf("%zu numbers compared, all identical", compared_);
      std::puts(plain_ == 0 ? "" : (", " + std::to_string(plain_) + " as plain NumPy").c_str());
    }
    return failed_ == 0 ? 0 : 1;
  }

private:
  void open(const char* path) {
    std::ifstream file(path);
    numbers_ = nlohmann::json::parse(file, nullptr, /* throw */ false);
    if (!numbers_.is_object()) {
      std::fprintf(stderr, "%s: cannot be read as a JSON object\n", path);
      numbers_ = nullptr;
      unreadable_ = true;
    }
  }

  /// All that is no list under a name, in order.
  std::vector<nlohmann::json> leaves(const std::string& name) {
    seen_.insert(name);
    std::vector<nlohmann::json> found;
    if (numbers_.contains(name)) {
      add_leaves(numbers_.at(name), found);
    }
    return found;
  }
  static void add_leaves(const nlohmann::json& value, std::vector<nlohmann::json>& found) {
    if (!value.is_array()) {
      found.push_back(value);
      return;
    }
    for (const auto& item : value) {
      add_leaves(item, found);
    }
  }

  bool same(const nlohmann::json& expected, double obtained) {
    if (expected.is_object()) {
      const bool as_plain = expected.at("plain") == obtained;
      plain_ += as_plain ? 1 : 0;
      return as_plain || expected.at("golden") == obtained;
    }
    return expected.is_number() ? expected.get<double>() == obtained
                                : expected == "nan" && std::isnan(obtained);
  }

  void fail(const std::string& name, const std::string& expected, const std::string& obtained) {
    ++failed_;
    std::fprintf(stderr, "%s: expected %s, got %s\n", name.c_str(), expected.c_str(),
                 obtained.c_str());
  }

  nlohmann::json numbers_;
  std::vector<std::string> arguments_;
  std::set<std::string> seen_;
  std::size_t compared_ = 0;
  std::size_t plain_ = 0;
  std::size_t failed_ = 0;
  bool unreadable_ = false;
};

} // namespace seeds
