#include <mote/hosted/file.hpp>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "../catch.hpp"
#include "scratch.hpp"

namespace {

using namespace hosted_test;
using mote::hosted::check_can_write;
using mote::hosted::read_file;
using mote::hosted::write_file;

bytes pattern(std::size_t size) {
  bytes result(size);
  for (std::size_t i = 0; i < size; ++i)
    result[i] = static_cast<std::uint8_t>(i * i + (i >> 7));
  return result;
}

/// While it lives, a file cannot grow beyond `limit`: a full disk, as far as a program can tell.
struct small_disk {
  rlimit old{};
  void (*handler)(int) = SIG_DFL;
  explicit small_disk(rlim_t limit) {
    ::getrlimit(RLIMIT_FSIZE, &old);
    handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{limit, old.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~small_disk() {
    ::setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, handler);
  }
};

} // namespace

TEST_CASE("files come back as they were written", "[hosted][file]") {
  const scratch folder;
  const auto path = folder.path / "data.bin";
  for (const std::size_t size : {0u, 1u, 2u, 1000u, (1u << 18) - 1, 1u << 18, 700'000u}) {
    const auto contents = pattern(size);
    write_file(path, contents);
    CHECK(read_raw(path) == contents);
    CHECK(read_file(path) == contents);
  }
  write_file(path, "text");
  CHECK(read_file(path) == bytes{'t', 'e', 'x', 't'});
  CHECK(folder.files() == 1);
}

TEST_CASE("gzip is decompressed, whatever the name", "[hosted][file]") {
  const scratch folder;
  for (const std::size_t size : {0u, 1u, 1000u, 700'000u}) {
    const auto contents = pattern(size);
    write_gzip(folder.path / "data", contents);
    CHECK(read_file(folder.path / "data") == contents);
  }
}

TEST_CASE("a truncated gzip stream is an error at every byte", "[hosted][file]") {
  const scratch folder;
  const auto path = folder.path / "data.gz";
  write_gzip(path, pattern(300));
  const auto whole = read_raw(path);
  // Below two bytes there is no magic number: such a file is plain, and as short as it looks.
  for (std::size_t size = 2; size < whole.size(); ++size) {
    write_raw(path, first(whole, size));
    check_message(message_of([&] { read_file(path); }), path, "a complete gzip stream",
                  "stops too early");
  }
}

TEST_CASE("a damaged gzip stream is an error", "[hosted][file]") {
  const scratch folder;
  const auto path = folder.path / "data.gz";
  write_gzip(path, pattern(300));
  auto damaged = read_raw(path);
  damaged[damaged.size() - 5] ^= 1; // the check sum
  write_raw(path, damaged);
  check_message(message_of([&] { read_file(path); }), path, "a complete gzip stream", "damage");
}

TEST_CASE("what cannot be read is an error that names it", "[hosted][file]") {
  const scratch folder;
  const auto missing = folder.path / "missing";
  check_message(message_of([&] { read_file(missing); }), missing, "a file that can be read",
                "No such file");
  check_message(message_of([&] { read_file(folder.path); }), folder.path, "a file", "a directory");
  const auto secret = folder.path / "secret";
  write_raw(secret, {1});
  fs::permissions(secret, fs::perms::none);
  if (::geteuid() == 0)
    WARN("skipped: an unreadable file, because root can read everything");
  else
    check_message(message_of([&] { read_file(secret); }), secret, "a file that can be read",
                  "Permission denied");
}

TEST_CASE("a failed write leaves the folder as it was", "[hosted][file]") {
  const scratch folder;
  const auto contents = pattern(100'000);
  SECTION("the target is a directory") {
    const auto path = folder.path / "directory";
    fs::create_directory(path);
    check_message(message_of([&] { write_file(path, contents); }), path, "a regular file",
                  "a directory");
    CHECK(folder.files() == 1);
  }
  SECTION("the target is a device") {
    check_message(message_of([&] { write_file("/dev/null", contents); }), "/dev/null",
                  "a regular file", "a device");
  }
  SECTION("the folder is missing") {
    const auto path = folder.path / "missing" / "data";
    check_message(message_of([&] { write_file(path, contents); }), path, "a folder",
                  "No such file");
    CHECK(folder.files() == 0);
  }
  SECTION("the disk is full") {
    const auto path = folder.path / "data";
    write_file(path, "old");
    std::string message;
    {
      const small_disk limit(4096);
      message = message_of([&] { write_file(path, contents); });
    }
    check_message(message, path, "to write 100000 bytes");
    CHECK(message.find("at byte 4096") != std::string::npos);
    CHECK(read_file(path) == bytes{'o', 'l', 'd'});
    CHECK(folder.files() == 1);
  }
}

TEST_CASE("what could not be written is known beforehand", "[hosted][file]") {
  const scratch folder;
  const auto path = folder.path / "data", nowhere = folder.path / "missing" / "data";
  check_message(message_of([&] { check_can_write(folder.path); }), folder.path, "a regular file",
                "a directory");
  check_message(message_of([&] { check_can_write(nowhere); }), nowhere, "a folder", "No such file");
  CHECK_NOTHROW(check_can_write(path));
  CHECK(folder.files() == 0);
  write_file(path, "old");
  CHECK_NOTHROW(check_can_write(path));
  CHECK(read_file(path) == bytes{'o', 'l', 'd'});
  CHECK(folder.files() == 1);
}

TEST_CASE("a replaced file keeps its permissions and its links", "[hosted][file]") {
  const scratch folder;
  const auto path = folder.path / "data", link = folder.path / "link";
  write_file(path, "old");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("data", link);
  write_file(link, "new");
  CHECK(fs::is_symlink(link));
  CHECK(read_file(path) == bytes{'n', 'e', 'w'});
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(folder.files() == 2);
}

TEST_CASE("a temporary that a killed program left is not in the way", "[hosted][file]") {
  const scratch folder;
  const auto left = folder.path / (".mote-" + std::to_string(::getpid()) + "-0.tmp");
  write_raw(left, {7});
  write_file(folder.path / "data", "new");
  CHECK(read_file(folder.path / "data") == bytes{'n', 'e', 'w'});
  CHECK(read_file(left) == bytes{7});
}
