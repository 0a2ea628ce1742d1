#include <mote/hosted/csv.hpp>
#include <mote/hosted/digits.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "scratch.hpp"

namespace {

using namespace hosted_test;
using namespace mote::hosted;

std::string header(bool labelled = true) {
  std::string text = labelled ? "label" : "pixel0";
  for (int i = labelled ? 0 : 1; i < 784; ++i)
    text += ",pixel" + std::to_string(i);
  return text + "\n";
}

/// The lines of a set as text.
std::string lines(const image_set& set, const std::string& line_break = "\n") {
  std::string text;
  for (std::size_t i = 0; i < set.size(); ++i) {
    std::string line = set.labels.empty() ? "" : std::to_string(set.labels[i]) + ",";
    for (const auto pixel : set.image(i))
      line += std::to_string(pixel) + ",";
    line.pop_back();
    text += line + line_break;
  }
  return text;
}

/// Value `column`, counted from 1, of a good line replaced by something else.
std::string line_with(std::size_t column, const std::string& value) {
  std::string text;
  for (std::size_t i = 1; i <= 785; ++i)
    text += (i == 1 ? "" : ",") + (i == column ? value : std::to_string(i % 10));
  return text + "\n";
}

struct csv_file : scratch {
  fs::path name = path / "train.csv";

  image_set read(const std::string& text) const {
    write_file(name, text);
    return read_csv(name);
  }
  std::string message(const std::string& text) const {
    return message_of([&] { read(text); });
  }
};

/// The message begins with the file and the place and goes on as it should.
void check_place(const csv_file& file, const std::string& text, std::size_t line,
                 std::size_t column, const std::string& words) {
  const auto message = file.message(text);
  const auto expected = file.name.string() + ": at line " + std::to_string(line) + ", column " +
                        std::to_string(column) + ": expected " + words;
  INFO(message);
  CHECK(message.substr(0, expected.size()) == expected);
}

} // namespace

TEST_CASE("digits come back from CSV, with and without a line of names", "[hosted][csv]") {
  const csv_file file;
  auto set = draw_digits(20, 1);
  for (const auto& first : {std::string(), header()}) {
    const auto got = file.read(first + lines(set));
    CHECK(got.height == 28);
    CHECK(got.width == 28);
    CHECK(got.pixels == set.pixels);
    CHECK(got.labels == set.labels);
  }
  set.labels.clear();
  for (const auto& first : {std::string(), header(false)}) {
    const auto got = file.read(first + lines(set));
    CHECK(got.pixels == set.pixels);
    CHECK(got.labels.empty());
  }
}

TEST_CASE("lines may end as they do on any system, and the last may not", "[hosted][csv]") {
  const csv_file file;
  const auto set = draw_digits(3, 2);
  const auto crlf = header().substr(0, header().size() - 1) + "\r\n" + lines(set, "\r\n");
  const auto plain = lines(set);
  for (const auto& text :
       {crlf, crlf + "\r\n", crlf.substr(0, crlf.size() - 2), crlf.substr(0, crlf.size() - 1),
        plain + "\n\n", plain, plain.substr(0, plain.size() - 1)}) {
    const auto got = file.read(text);
    CHECK(got.pixels == set.pixels);
    CHECK(got.labels == set.labels);
  }
}

TEST_CASE("a compressed CSV file is read as well", "[hosted][csv]") {
  const csv_file file;
  const auto set = draw_digits(5, 3);
  const auto text = header() + lines(set);
  write_gzip(file.name, bytes(text.begin(), text.end()));
  CHECK(read_csv(file.name).pixels == set.pixels);
}

TEST_CASE("a value that is no number from 0 to 255 is an error with its place", "[hosted][csv]") {
  const csv_file file;
  const auto good = line_with(0, "");
  REQUIRE(file.read(good).size() == 1);
  for (const std::string value :
       {"256", "-1", "1e3", "3.5", " 1", "", "x", "99999999999999999999", "0x1", "+1", "\"7\""})
    for (const std::size_t column : {std::size_t{2}, std::size_t{300}, std::size_t{785}})
      check_place(file, header() + good + line_with(column, value) + good, 3, column,
                  "a whole number from 0 to 255, found '" + value + "'");
  check_place(file, header() + line_with(1, "10"), 2, 1, "a whole number from 0 to 9, found '10'");
  check_place(file, good + line_with(1, "a"), 2, 1, "a whole number from 0 to 9, found 'a'");
  check_place(file, good + line_with(9, "\x01\xff" + std::string(100, 'z')), 2, 9,
              "a whole number from 0 to 255, found '??zzzzzzzzzzzzzzzzzz'");
}

TEST_CASE("a wrong number of values is an error with its place", "[hosted][csv]") {
  const csv_file file;
  const auto good = line_with(0, "");
  check_place(file, good + "1,2,3\n" + good, 2, 4, "785 values in the line, found 3. Give each");
  check_place(file, good + good.substr(0, good.size() - 1) + ",9\n", 2, 786,
              "785 values in the line, found 786. Give each");
  check_place(file, good + "\n" + good, 3, 1, "nothing after a blank line, found more lines");
  check_place(file, "1,2,3\n", 1, 1, "785 columns, a label and 28 x 28 pixels, or 784 without");
  check_place(file, "label,a,b\n", 1, 1, "785 columns");
  check_place(file, "a text\n", 1, 1, "785 columns");
  check_place(file, "\n" + good, 1, 1, "785 columns");
  auto other = header();
  other.replace(0, 5, "id");
  check_place(file, other + good, 1, 1, "a whole number from 0 to 9, found 'id'");
  // A first line with a mistake is not taken for names.
  check_place(file, " " + good, 1, 1, "a whole number from 0 to 9, found ' 1'");
  check_place(file, "x" + good.substr(1), 1, 1, "a whole number from 0 to 9, found 'x'");
  check_place(file, " " + good.substr(2) + good.substr(2), 1, 1,
              "a whole number from 0 to 255, found ' 2'");
}

TEST_CASE("a file that is cut off within its last line is an error", "[hosted][csv]") {
  const csv_file file;
  const auto good = line_with(0, "");
  const auto text = header() + good + good;
  const std::size_t begin = text.size() - good.size();
  // Without the last value's only digit the line still ends in a comma: nothing is taken for it.
  for (std::size_t size = begin + 1; size < text.size() - 1; ++size) {
    const auto column =
        static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                            text.begin() + static_cast<std::ptrdiff_t>(size), ','));
    if (column < 784)
      check_place(file, text.substr(0, size), 3, column + 2,
                  "785 values in the line, found " + std::to_string(column + 1) +
                      ". The file is truncated");
    else
      check_place(file, text.substr(0, size), 3, 785, "a whole number from 0 to 255, found ''");
  }
}

TEST_CASE("a file without images is an error", "[hosted][csv]") {
  const csv_file file;
  check_place(file, "", 1, 1, "at least one image, found an empty file");
  check_place(file, header(), 2, 1, "at least one image, found the end of the file");
  check_place(file, header() + "\n\n", 4, 1, "at least one image, found the end of the file");
  check_message(message_of([&] { read_csv(file.path / "none.csv"); }), file.path / "none.csv",
                "a file that can be read", "found No such file");
}
