// What the tests of files share: a folder of one's own, and errors as text.
#pragma once

#include <mote/hosted/file.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "../catch.hpp"

namespace hosted_test {

namespace fs = std::filesystem;
using bytes = std::vector<std::uint8_t>;

/// A folder of this test's own, removed with all that is in it.
struct scratch {
  fs::path path;

  scratch() {
    auto name = (fs::temp_directory_path() / "mote-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() { fs::remove_all(path); }

  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(path), {}); }
};

template <typename Function>
std::string message_of(Function function) {
  try {
    function();
  } catch (const mote::hosted::error& e) {
    return e.what();
  }
  return "(nothing was thrown)";
}

/// The message names the file, what was expected and what was found.
inline void check_message(const std::string& message, const fs::path& file,
                          const std::string& expected, const std::string& found = ", found ") {
  INFO(message);
  CHECK(message.find(file.string()) == 0);
  CHECK(message.find("expected " + expected) != std::string::npos);
  CHECK(message.find(found) != std::string::npos);
}

/// Without mote's own functions, which are what is tested.
inline void write_raw(const fs::path& path, const bytes& contents) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(contents.data()),
            static_cast<std::streamsize>(contents.size()));
}

inline bytes read_raw(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_gzip(const fs::path& path, const bytes& contents) {
  const auto file = gzopen(path.c_str(), "wb");
  REQUIRE(gzwrite(file, contents.data(), static_cast<unsigned>(contents.size())) ==
          static_cast<int>(contents.size()));
  REQUIRE(gzclose(file) == Z_OK);
}

inline bytes first(const bytes& whole, std::size_t size) {
  return {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
}

} // namespace hosted_test
