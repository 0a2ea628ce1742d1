#include <mote/hosted/npz.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <zlib.h>

#include "../catch.hpp"
#include "scratch.hpp"

namespace {

using namespace hosted_test;
using namespace mote::hosted;

bytes as_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

void append(bytes& to, const bytes& more) {
  to.insert(to.end(), more.begin(), more.end());
}

/// A number with its lowest byte first.
bytes little_endian(std::uint64_t value, int count) {
  bytes result;
  for (int i = 0; i < count; ++i)
    result.push_back(static_cast<std::uint8_t>(value >> 8 * i));
  return result;
}

/// An NPY file as NumPy documents it.
bytes npy(std::string_view header, const bytes& elements, int version = 1) {
  auto file = as_bytes("\x93NUMPY");
  append(file, {static_cast<std::uint8_t>(version), 0});
  append(file, little_endian(header.size(), version == 1 ? 2 : 4));
  append(file, as_bytes(header));
  append(file, elements);
  return file;
}

std::string header(const std::string& descr, const std::string& shape,
                   const std::string& order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

/// A zip archive of stored entries, as the format's specification (APPNOTE) says.
bytes zip_of(const std::vector<std::pair<std::string, bytes>>& entries) {
  bytes file;
  bytes directory;
  for (const auto& [name, data] : entries) {
    const auto offset = file.size();
    const auto sum = crc32(0, data.data(), static_cast<unsigned>(data.size()));
    bytes common = little_endian(20, 2);        // version needed
    append(common, little_endian(0, 4));        // flags, method: stored
    append(common, little_endian(0x210000, 4)); // 1 January 1980, midnight
    append(common, little_endian(sum, 4));
    append(common, little_endian(data.size(), 4));
    append(common, little_endian(data.size(), 4));
    append(common, little_endian(name.size(), 2));
    append(common, little_endian(0, 2)); // no extra field
    append(file, as_bytes("PK\x03\x04"));
    append(file, common);
    append(file, as_bytes(name));
    append(file, data);
    append(directory, as_bytes("PK\x01\x02"));
    append(directory, little_endian(20, 2)); // made by
    append(directory, common);
    append(directory, bytes(10)); // no comment, disk 0, no attributes
    append(directory, little_endian(offset, 4));
    append(directory, as_bytes(name));
  }
  const auto start = file.size();
  append(file, directory);
  append(file, as_bytes("PK\x05\x06"));
  append(file, bytes(4));
  append(file, little_endian(entries.size(), 2));
  append(file, little_endian(entries.size(), 2));
  append(file, little_endian(directory.size(), 4));
  append(file, little_endian(start, 4));
  append(file, bytes(2));
  return file;
}

template <class T>
bytes raw(const std::vector<T>& values) {
  bytes result(values.size() * sizeof(T));
  std::memcpy(result.data(), values.data(), result.size());
  return result;
}

numpy_array read_back(const bytes& contents) {
  const scratch folder;
  write_raw(folder.path / "a.npy", contents);
  return read_npy(folder.path / "a.npy");
}

/// The message of reading a file with these bytes; checks that it names the file and is short.
template <class Read>
std::string refusal(const bytes& contents, Read read) {
  const scratch folder;
  const auto path = folder.path / "hostile";
  write_raw(path, contents);
  const auto message = message_of([&] { read(path); });
  INFO(message);
  CHECK(message.find(path.string() + ": expected ") == 0);
  CHECK(message.find(", found ") != std::string::npos);
  CHECK(message.size() < 400);
  return message;
}
std::string npy_refusal(const bytes& contents) {
  return refusal(contents, [](const fs::path& path) { read_npy(path); });
}
std::string npz_refusal(const bytes& contents) {
  return refusal(contents, [](const fs::path& path) { read_npz(path); });
}

void check_contains(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
}

numpy_arrays some_arrays() {
  const std::vector<float> matrix{1.0f,  -2.5f,  std::numeric_limits<float>::infinity(),
                                  -0.0f, 1e-45f, 3e38f};
  const std::vector<double> scalar{0.1};
  const std::vector<std::int64_t> numbers{-1, std::numeric_limits<std::int64_t>::min()};
  const std::vector<std::int32_t> none;
  return {{"matrix", numpy_array::of(std::span(matrix), {2, 3})},
          {"scalar", numpy_array::of(std::span(scalar), {})},
          {"numbers", numpy_array::of(std::span(numbers), {2})},
          {"none", numpy_array::of(std::span(none), {0, 7})}};
}

bool same(const numpy_array& a, const numpy_array& b) {
  return a.dtype == b.dtype && a.shape == b.shape && a.bytes == b.bytes;
}

template <class T>
void check_type(const std::string& dtype) {
  const std::vector<T> values{T{1}, T{0}, std::numeric_limits<T>::max(),
                              std::numeric_limits<T>::lowest()};
  const auto array = numpy_array::of(std::span(values), {2, 2});
  CHECK(array.dtype == dtype);
  const auto read = read_back(npy(header(dtype, "(2, 2)"), raw(values)));
  CHECK(same(read, array));
  std::vector<T> copy(4);
  copy_array("file", {{"a", read}}, "a", std::span(copy), {2, 2});
  CHECK(copy == values);
}

} // namespace

TEST_CASE("all element types are read", "[hosted][npz]") {
  check_type<float>("<f4");
  check_type<double>("<f8");
  check_type<std::int32_t>("<i4");
  check_type<std::int64_t>("<i8");
  check_type<std::int8_t>("|i1");
  check_type<std::uint8_t>("|u1");
  CHECK(read_back(npy(header("<u1", "(3,)"), bytes(3))).dtype == "|u1");
}

TEST_CASE("all versions and every spelling of a header are read", "[hosted][npz]") {
  for (const int version : {1, 2, 3}) {
    const auto read = read_back(npy(header("<f4", "(2,)"), bytes(8), version));
    CHECK(read.shape == std::vector<std::size_t>{2});
  }
  const auto dense =
      read_back(npy("{\"shape\":(1,2,3),\"fortran_order\":False,\"descr\":\"|i1\"}", bytes(6)));
  CHECK(dense.shape == std::vector<std::size_t>{1, 2, 3});
  CHECK(read_back(npy(header("<f8", "()"), bytes(8))).shape.empty());
  CHECK(read_back(npy(header("<f8", "(4, 0)"), {})).bytes.empty());
}

TEST_CASE("NPY files have the bytes of the format", "[hosted][npz]") {
  const scratch folder;
  const auto path = folder.path / "a.npy";
  const std::vector<std::int32_t> values{1, 2, 3, -1};
  write_npy(path, numpy_array::of(std::span(values), {4}));
  auto text = header("<i4", "(4,)");
  text.pop_back();
  text.resize(128 - 10 - 1, ' '); // the elements begin at a multiple of 64
  CHECK(read_raw(path) == npy(text + "\n", raw(values)));
}

TEST_CASE("arrays come back bit by bit", "[hosted][npz]") {
  const scratch folder;
  const auto written = some_arrays();
  for (const auto storage : {npz_storage::plain, npz_storage::deflated}) {
    const auto path = folder.path / "a.npz";
    write_npz(path, written, storage);
    const auto once = read_raw(path);
    const auto read = read_npz(path);
    REQUIRE(read.size() == written.size());
    for (const auto& [name, array] : written)
      CHECK(same(read.at(name), array));
    write_npz(path, read, storage);
    CHECK(read_raw(path) == once);
    CHECK(folder.files() == 1);
  }
  for (const auto& [name, array] : written) {
    write_npy(folder.path / "a.npy", array);
    CHECK(same(read_npy(folder.path / "a.npy"), array));
  }
}

TEST_CASE("deflated arrays are smaller", "[hosted][npz]") {
  const scratch folder;
  const std::vector<double> zeros(10'000);
  const numpy_arrays arrays{{"zeros", numpy_array::of(std::span(zeros), {100, 100})}};
  write_npz(folder.path / "plain", arrays);
  write_npz(folder.path / "small", arrays, npz_storage::deflated);
  CHECK(fs::file_size(folder.path / "plain") > 80'000);
  CHECK(fs::file_size(folder.path / "small") < 2'000);
  CHECK(same(read_npz(folder.path / "small").at("zeros"), arrays.at("zeros")));
}

TEST_CASE("archives of other programs are read", "[hosted][npz]") {
  const scratch folder;
  const auto path = folder.path / "a.npz";
  write_raw(path, zip_of({{"b.npy", npy(header("<f4", "(1,)"), {0, 0, 128, 63})},
                          {"W 1.npy", npy(header("|u1", "(2,)"), {7, 8})}}));
  const auto arrays = read_npz(path);
  REQUIRE(arrays.size() == 2);
  float one = 0.0f;
  copy_array(path, arrays, "b", std::span(&one, 1), {1});
  CHECK(one == 1.0f);
  CHECK(arrays.at("W 1").bytes == bytes{7, 8});
}

TEST_CASE("weights that NumPy wrote are read", "[hosted][npz]") {
  const char* named = std::getenv("MOTE_SEEDS");
  const auto path =
      fs::path(named != nullptr && *named != '\0' ? named : MOTE_SOURCE_DIR "/../shared/seeds") /
      "sample_weight.npz";
  if (!fs::exists(path)) {
    WARN("not tested: " << path.string() << " is not there");
    return;
  }
  const auto arrays = read_npz(path);
  CHECK(arrays.size() == 6);
  std::vector<float> weights(50 * 100);
  copy_array(path, arrays, "W2", std::span(weights), {50, 100});
  CHECK(weights.front() != weights.back());
}

TEST_CASE("what is no NPY file is refused", "[hosted][npz]") {
  const auto good = npy(header("<f4", "(2, 3)"), bytes(24));
  CHECK(same(read_back(good), {"<f4", {2, 3}, bytes(24)}));
  for (std::size_t size = 0; size < good.size(); ++size)
    npy_refusal(first(good, size));
  check_contains(npy_refusal(as_bytes("PK\x03\x04 and more of it")), "the magic bytes \\x93NUMPY");
  check_contains(npy_refusal(npy(header("<f4", "(2, 3)"), bytes(25))),
                 "expected 24 bytes for <f4 (2, 3), found 25");
  check_contains(npy_refusal(npy(header("<f4", "(2, 3)"), bytes(20))),
                 "found 20. The file is trunc");
  check_contains(npy_refusal(npy(header("<f4", "(2,)"), bytes(8), 4)),
                 "expected NPY version 1, 2 or 3, found 4");
  check_contains(npy_refusal(npy(header(">f4", "(2,)"), bytes(8))),
                 "expected little-endian elements, found \">f4\"");
  check_contains(npy_refusal(npy(header("<f4", "(2, 3)", "True"), bytes(24))),
                 "expected row-major (C) order, found fortran_order True");
  for (const auto* type : {"<f2", "|b1", "<U3", "<c8", "|O", "", "<f4\x01"})
    check_contains(npy_refusal(npy(header(type, "(2,)"), bytes(8))), "elements <f4, <f8");
  check_contains(npy_refusal(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
                                 bytes(4))),
                 "a structured type");
}

TEST_CASE("headers that are no such literal are refused", "[hosted][npz]") {
  for (const auto* text :
       {"", "{", "{}", "[]", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': Falsch, 'shape': (2,)}",
        "{'descr': '<f4', fortran_order: False, 'shape': (2,)}",
        "{'descr' '<f4', 'fortran_order': False, 'shape': (2,)}"}) {
    INFO(text);
    check_contains(npy_refusal(npy(text, bytes(8))), "expected a header with descr");
  }
}

TEST_CASE("made-up shapes allocate nothing", "[hosted][npz]") {
  check_contains(npy_refusal(npy(header("<f8", "(4294967296, 4294967296)"), bytes(8))),
                 "more than 2^64 bytes");
  check_contains(npy_refusal(npy(header("<f8", "(1152921504606846976,)"), bytes(8))),
                 "9223372036854775808 bytes");
  std::string many = "(";
  for (int i = 0; i < 65; ++i)
    many += "1, ";
  check_contains(npy_refusal(npy(header("<f8", many + ")"), bytes(8))), "at most 64 dimensions");
}

TEST_CASE("damaged archives are refused", "[hosted][npz]") {
  const auto array = npy(header("<f4", "(2,)"), bytes(8));
  const auto good = zip_of({{"a.npy", array}, {"b.npy", array}});
  for (std::size_t size = 0; size < good.size(); ++size)
    npz_refusal(first(good, size));
  npz_refusal(array);

  auto flipped = good; // an element of the first array: only the checksum can tell
  flipped[30 + 5 + array.size() - 1] ^= 1u;
  const auto message = npz_refusal(flipped);
  check_contains(message, "undamaged data of array \"a\"");
  check_contains(message, "CRC");

  check_contains(npz_refusal(zip_of({{"readme.txt", array}})),
                 "names end in .npy, found \"readme.txt\"");
  npz_refusal(zip_of({{"a.npy", array}, {"a.npy", array}}));
  check_contains(npz_refusal(zip_of({{"a.npy", npy(header(">f4", "(2,)"), bytes(8))}})),
                 "expected little-endian elements of array \"a\", found \">f4\"");
  check_contains(npz_refusal(zip_of({{"a.npy", npy(header("<f4", "(3,)"), bytes(8))}})),
                 "expected 12 bytes for <f4 (3,) of array \"a\", found 8");
}

TEST_CASE("no single damaged byte goes unnoticed or does harm", "[hosted][npz]") {
  const auto array = npy(header("<f4", "(2,)"), {1, 2, 3, 4, 5, 6, 7, 8});
  const auto good = zip_of({{"a.npy", array}});
  const scratch folder;
  const auto path = folder.path / "a.npz";
  std::size_t refused = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto damaged = good;
    damaged[at] ^= 0x55u;
    write_raw(path, damaged);
    try { // a flag or a date that nobody reads may change; the array must not
      for (const auto& [name, read] : read_npz(path))
        CHECK(read.bytes == bytes{1, 2, 3, 4, 5, 6, 7, 8});
    } catch (const error&) {
      ++refused;
    }
  }
  CHECK(refused > array.size());
}

TEST_CASE("an array that is not as expected is named", "[hosted][npz]") {
  const auto arrays = some_arrays();
  std::vector<float> floats(6);
  std::vector<double> doubles(6);
  const auto message = [&](const std::string& name, auto& values, std::vector<std::size_t> shape) {
    return message_of([&] { copy_array("w.npz", arrays, name, std::span(values), shape); });
  };
  CHECK(message("matrix", floats, {2, 3}) == "(nothing was thrown)");
  CHECK(floats[1] == -2.5f);
  check_message(message("W1", floats, {2, 3}), "w.npz", "array \"W1\" as <f4 (2, 3)",
                ", found only \"matrix\", \"none\", \"numbers\", \"scalar\"");
  check_message(message("matrix", floats, {3, 2}), "w.npz", "array \"matrix\" as <f4 (3, 2)",
                ", found <f4 (2, 3)");
  check_message(message("matrix", doubles, {2, 3}), "w.npz", "array \"matrix\" as <f8 (2, 3)",
                ", found <f4 (2, 3)");
  floats.resize(5); // the caller's mistake
  check_message(message("matrix", floats, {2, 3}), "w.npz", "array \"matrix\"");
}

TEST_CASE("what cannot be written leaves the old file", "[hosted][npz]") {
  const scratch folder;
  const auto path = folder.path / "a.npz";
  write_npz(path, some_arrays());
  const auto old = read_raw(path);
  check_message(message_of([&] { write_npz(path, {}); }), path, "at least one array",
                ", found none");
  check_message(message_of([&] {
                  write_npz(path, {{"a", {"<f4", {2}, bytes(7)}}});
                }),
                path, "as many bytes as <f4 (2,) has of array \"a\"", ", found 7");
  check_message(message_of([&] {
                  write_npy(path, {"<f2", {2}, bytes(4)});
                }),
                path, "as many bytes as <f2 (2,) has");
  CHECK(read_raw(path) == old);
  CHECK(folder.files() == 1);
  const auto missing = folder.path / "no" / "a.npz";
  check_message(message_of([&] { write_npz(missing, some_arrays()); }), missing, "");
  check_message(message_of([&] { read_npz(missing); }), missing, "a file that can be read");
}
