// Whole files: read (plain or gzip) and replaced in one step.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace mote::hosted {

/// What every hosted function throws. The message names the file, the byte in it where that makes
/// sense, what was expected, what was found, and what to do.
struct error : std::runtime_error {
  using std::runtime_error::runtime_error;

  /// "FILE: expected EXPECTED, found FOUND. ADVICE."
  error(const std::filesystem::path& file, const std::string& expected, const std::string& found,
        const std::string& advice)
      : std::runtime_error(file.string() + ": expected " + expected + ", found " + found + ". " +
                           advice + ".") {}

  /// "FILE: at byte OFFSET: expected EXPECTED, found FOUND. ADVICE." The offset counts from 0 in
  /// the uncompressed contents.
  error(const std::filesystem::path& file, std::uint64_t offset, const std::string& expected,
        const std::string& found, const std::string& advice)
      : std::runtime_error(file.string() + ": at byte " + std::to_string(offset) + ": expected " +
                           expected + ", found " + found + ". " + advice + ".") {}
};

namespace file_detail {

/// The words of the system for an `errno` value: "No space left on device".
inline std::string reason(int code) {
  return std::generic_category().message(code);
}

struct gzip_closer {
  void operator()(gzFile file) const { gzclose_r(file); }
};
using gzip_file = std::unique_ptr<std::remove_pointer_t<gzFile>, gzip_closer>;

inline gzip_file open_to_read(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw error(path, "a file", "a directory", "Name a file inside it");
  errno = 0; // zlib leaves it alone when it is memory that runs out
  gzip_file file(gzopen(path.c_str(), "rbe"));
  if (!file)
    throw error(path, "a file that can be read", reason(errno != 0 ? errno : ENOMEM),
                "Check the name and the permissions");
  return file;
}

/// zlib reports a stream that ends too early only after the last good byte was handed out.
inline void check_end(gzFile file, const std::filesystem::path& path, std::uint64_t offset) {
  int code = Z_OK;
  const std::string words = gzerror(file, &code);
  if (code == Z_OK || code == Z_STREAM_END)
    return;
  if (code == Z_ERRNO)
    throw error(path, offset, "to read on", reason(errno), "Check the disk and the permissions");
  throw error(path, offset, "a complete gzip stream",
              code == Z_BUF_ERROR ? "that it stops too early" : "damage (" + words + ")",
              "Copy or download the file again");
}

/// A new file beside its target. It disappears with this object unless it replaced the target.
class temporary {
public:
  explicit temporary(std::filesystem::path target) : target_(std::move(target)) { open_new(); }
  temporary(const temporary&) = delete;
  temporary& operator=(const temporary&) = delete;

  ~temporary() {
    if (descriptor_ >= 0)
      ::close(descriptor_);
    if (!name_.empty())
      ::unlink(name_.c_str());
  }

  void write(std::span<const std::uint8_t> bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
      if (n < 0 && errno != EINTR)
        throw error(target_, done, "to write " + std::to_string(bytes.size()) + " bytes",
                    reason(errno), "Make room or choose another folder");
      if (n > 0)
        done += static_cast<std::size_t>(n);
    }
  }

  void keep_permissions(mode_t mode) {
    if (::fchmod(descriptor_, mode) != 0)
      fail("to keep the permissions of the file to be replaced");
  }

  /// The contents must be on the disk before the name points at them: otherwise a power cut could
  /// leave the name with an empty file.
  void replace_target() {
    if (::fsync(descriptor_) != 0)
      fail("to flush the file to the disk");
    if (::close(std::exchange(descriptor_, -1)) != 0)
      fail("to close the file");
    if (::rename(name_.c_str(), target_.c_str()) != 0)
      fail("to move the finished file to its name");
    name_.clear();
  }

private:
  [[noreturn]] void fail(const std::string& expected) const {
    throw error(target_, expected, reason(errno), "Check the folder, its permissions and its disk");
  }

  /// The name does not contain the target's, so it cannot grow too long for the file system.
  void open_new() {
    const auto stem = ".mote-" + std::to_string(::getpid()) + "-";
    for (unsigned attempt = 0; descriptor_ < 0; ++attempt) {
      const auto name = target_.parent_path() / (stem + std::to_string(attempt) + ".tmp");
      descriptor_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor_ >= 0)
        name_ = name;
      else if (errno != EEXIST && errno != EINTR)
        fail("a folder that can be written to");
    }
  }

  std::filesystem::path target_;
  std::filesystem::path name_;
  int descriptor_ = -1;
};

/// Where a file's new contents go, and the permissions that they take over.
struct target {
  std::filesystem::path path;
  std::optional<mode_t> permissions;
};

/// Throws `error` for what is no file that can be replaced. A rename would replace even a device
/// such as /dev/null.
inline target target_of(const std::filesystem::path& path) {
  struct stat old = {};
  if (::stat(path.c_str(), &old) != 0)
    return {path, std::nullopt};
  if (!S_ISREG(old.st_mode))
    throw error(path, "a regular file or a new name",
                S_ISDIR(old.st_mode) ? "a directory" : "a device or a pipe", "Name another file");
  std::error_code failed;
  auto real = std::filesystem::canonical(path, failed);
  if (failed)
    throw error(path, "a file that can be replaced", failed.message(), "Check the folder");
  return {std::move(real), old.st_mode & 07777};
}

} // namespace file_detail

/// The contents of a file; gzip (it starts with the bytes 1f 8b) is decompressed, whatever the
/// file's name.
///
/// Throws `error` when the file is missing, unreadable, a directory, or a damaged or truncated gzip
/// stream. As with gunzip, bytes that follow a complete gzip stream are ignored.
inline std::vector<std::uint8_t> read_file(const std::filesystem::path& path) {
  constexpr std::size_t block = 1 << 18;
  const auto file = file_detail::open_to_read(path);
  std::vector<std::uint8_t> bytes;
  std::size_t size = 0;
  for (int n = 1; n > 0; size += n > 0 ? static_cast<std::size_t>(n) : 0) {
    bytes.resize(size + block);
    n = gzread(file.get(), bytes.data() + size, block);
  }
  file_detail::check_end(file.get(), path, size);
  bytes.resize(size);
  return bytes;
}

/// Makes `bytes` the contents of the file `path`, in one step: a reader sees the old contents or
/// the new ones, never a part. An existing file keeps its permissions; a symbolic link is followed.
///
/// Throws `error` when the folder is missing, not writable or full, or when `path` is something
/// other than a regular file. Then an existing file is unchanged and nothing is left beside it.
inline void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  const auto target = file_detail::target_of(path);
  file_detail::temporary file(target.path);
  if (target.permissions)
    file.keep_permissions(*target.permissions);
  file.write(bytes);
  file.replace_target();
}

/// The same for text.
inline void write_file(const std::filesystem::path& path, std::string_view text) {
  write_file(path, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

/// Throws `error` where `write_file` would because of the name or the folder, and changes nothing:
/// to be called before work that takes long and whose result is to go there.
inline void check_can_write(const std::filesystem::path& path) {
  const file_detail::temporary probe(file_detail::target_of(path).path);
}

} // namespace mote::hosted
