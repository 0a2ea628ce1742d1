// CSV files of digits as Kaggle has them: a line per image, a number per pixel.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <mote/hosted/file.hpp>
#include <mote/hosted/idx.hpp>

namespace mote::hosted {

namespace csv_detail {

inline constexpr std::size_t side = 28;
inline constexpr std::size_t pixels = side * side;

/// Goes through the text value by value and knows where it is. Lines and columns count from 1; a
/// column is what stands between two commas.
class reader {
public:
  reader(const std::filesystem::path& path, std::span<const std::uint8_t> bytes)
      : path_(path), at_(reinterpret_cast<const char*>(bytes.data())), end_(at_ + bytes.size()) {
    take_line();
  }

  bool done() const { return line_.data() == nullptr; }
  std::string_view line() const { return line_; }

  std::size_t columns() const {
    return static_cast<std::size_t>(std::ranges::count(line_, ',')) + 1;
  }

  /// The first value of the line as text.
  std::string_view name() const { return line_.substr(0, line_.find(',')); }

  /// The next value for people: short, and what cannot be printed is a question mark.
  std::string shown() const {
    const std::string_view rest = line_.substr(static_cast<std::size_t>(value_ - line_.data()));
    std::string text(rest.substr(0, std::min(rest.find(','), std::size_t{20})));
    std::ranges::replace_if(
        text, [](char letter) { return letter < ' ' || letter > '~'; }, '?');
    return text;
  }

  /// A whole number from 0 to `most`; the next value of the line, of which there are `columns` in
  /// all.
  std::uint8_t value(std::size_t most, std::size_t columns) {
    std::size_t number = 0;
    const char* const last = line_.data() + line_.size();
    const auto [stop, problem] = std::from_chars(value_, last, number);
    const bool ends = stop == last || *stop == ',';
    const bool good = problem == std::errc{} && ends && number <= most;
    if (!good && this->columns() == columns)
      fail("a whole number from 0 to " + std::to_string(most), "'" + shown() + "'",
           "Write one number for each pixel");
    if (!good || (stop == last) != (column_ == columns))
      wrong_count(columns);
    value_ = stop == last ? last : stop + 1;
    ++column_;
    return static_cast<std::uint8_t>(number);
  }

  void next_line() {
    ++number_;
    take_line();
  }

  /// A line that should have had another number of values.
  [[noreturn]] void wrong_count(std::size_t expected) const {
    const auto found = columns();
    fail(std::min(expected, found) + 1, std::to_string(expected) + " values in the line",
         line_.empty() ? "an empty line" : std::to_string(found),
         at_ == end_ && found < expected ? "The file is truncated: copy or download it again"
                                         : "Give each image one line of as many values");
  }

  [[noreturn]] void fail(const std::string& expected, const std::string& found,
                         const std::string& advice) const {
    fail(column_, expected, found, advice);
  }

private:
  [[noreturn]] void fail(std::size_t column, const std::string& expected, const std::string& found,
                         const std::string& advice) const {
    throw error(path_.string() + ": at line " + std::to_string(number_) + ", column " +
                std::to_string(column) + ": expected " + expected + ", found " + found + ". " +
                advice + ".");
  }

  /// Up to the line break, which may be CR LF, or the end. No line begins at the end.
  void take_line() {
    const char* const stop = std::find(at_, end_, '\n');
    line_ = at_ == end_ ? std::string_view() : std::string_view(at_, stop);
    if (line_.ends_with('\r'))
      line_.remove_suffix(1);
    value_ = line_.data();
    column_ = 1;
    at_ = stop == end_ ? end_ : stop + 1;
  }

  const std::filesystem::path& path_;
  const char* at_; // where the next line begins
  const char* end_;
  std::string_view line_;
  std::size_t number_ = 1; // of the line
  const char* value_ = nullptr;
  std::size_t column_ = 1;
};

} // namespace csv_detail

/// Reads a CSV file, plain or gzip, with a line of whole numbers for each image: its label, 0 to 9,
/// and the 28 x 28 = 784 pixels, 0 to 255, row by row. Files without labels have 784 values in
/// every line; the result then has no labels. A first line of names, of which the first is "label"
/// or, without labels, "pixel0", is optional, and so is the last line break; lines may end in CR
/// LF; the file may end in blank lines.
///
/// Throws `error`, with line and column, for everything else, and for a file without images.
inline image_set read_csv(const std::filesystem::path& path) {
  using namespace csv_detail;
  const auto bytes = read_file(path);
  reader in(path, bytes);
  image_set set{side, side, {}, {}};
  if (in.done())
    in.fail("at least one image", "an empty file", "Is this the right file?");
  const auto columns = in.columns();
  const bool labelled = columns != pixels;
  if (labelled && columns != pixels + 1)
    in.fail("785 columns, a label and 28 x 28 pixels, or 784 without the label",
            std::to_string(columns), "Is this a file of digits in the form of Kaggle?");
  if (in.name() == (labelled ? "label" : "pixel0"))
    in.next_line();
  set.pixels.reserve(static_cast<std::size_t>(std::ranges::count(bytes, '\n') + 1) * pixels);
  for (; !in.done() && !in.line().empty(); in.next_line()) {
    if (labelled)
      set.labels.push_back(in.value(9, columns));
    for (std::size_t i = 0; i < pixels; ++i)
      set.pixels.push_back(in.value(255, columns));
  }
  for (; !in.done(); in.next_line())
    if (!in.line().empty())
      in.fail("nothing after a blank line", "more lines", "Remove the blank line");
  if (set.pixels.empty())
    in.fail("at least one image", "the end of the file", "Is this the right file?");
  return set;
}

} // namespace mote::hosted
