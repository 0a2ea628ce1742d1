// NPY and NPZ, the array files of NumPy: a text header and the elements; a zip archive of such
// files.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <zip.h>

#include <mote/hosted/file.hpp>

namespace mote::hosted {

static_assert(std::endian::native == std::endian::little,
              "elements are copied as they are in the file, which is little-endian");

/// An array as a file holds it: elements in row-major order. No extents: a scalar.
struct numpy_array {
  std::string dtype; ///< "<f4", "<f8", "<i4", "<i8", "|i1" or "|u1"
  std::vector<std::size_t> shape;
  std::vector<std::uint8_t> bytes;

  template <class T>
  static constexpr const char* dtype_of = std::is_same_v<T, float>          ? "<f4"
                                          : std::is_same_v<T, double>       ? "<f8"
                                          : std::is_same_v<T, std::int32_t> ? "<i4"
                                          : std::is_same_v<T, std::int64_t> ? "<i8"
                                          : std::is_same_v<T, std::int8_t>  ? "|i1"
                                                                            : "|u1";

  template <class T>
  static constexpr bool is_element =
      std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, std::int32_t> ||
      std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::int8_t> ||
      std::is_same_v<T, std::uint8_t>;

  /// An array with these elements. Requires as many of them as the shape has.
  template <class T, std::size_t Size>
  static numpy_array of(std::span<T, Size> values, std::vector<std::size_t> shape) {
    static_assert(is_element<std::remove_const_t<T>>, "numpy_array: float, double, std::int32_t, "
                                                      "std::int64_t, std::int8_t or std::uint8_t");
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(values.data());
    return {
        dtype_of<std::remove_const_t<T>>, std::move(shape), {bytes, bytes + values.size_bytes()}};
  }
};

/// The arrays of an NPZ file by name, without the ".npy" that their names have in the archive.
using numpy_arrays = std::map<std::string, numpy_array>;

namespace npz_detail {

inline constexpr auto advice = "Write the file again with the program that made it";
inline constexpr std::string_view magic{"\x93NUMPY", 6};
inline constexpr std::size_t most_dimensions = 64; // as NumPy 2

/// "<f4 (784, 50)", as Python writes a tuple.
inline std::string describe(const std::string& dtype, const std::vector<std::size_t>& shape) {
  std::string text = dtype + (dtype.empty() ? "(" : " (");
  for (std::size_t i = 0; i < shape.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

/// What a text from a file looks like in a message: short, without control characters.
inline std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char letter : text.substr(0, 60))
    result += letter >= ' ' && letter <= '~' ? letter : '?';
  return result + (text.size() > 60 ? "...\"" : "\"");
}

inline std::size_t element_size(const std::string& dtype) {
  constexpr std::array known{"<f4", "<f8", "<i4", "<i8", "|i1", "|u1"};
  const bool found = std::ranges::find(known, dtype) != known.end();
  return found ? static_cast<std::size_t>(dtype.back() - '0') : 0;
}

/// How many bytes the elements take; nothing where that does not fit in a size.
inline std::optional<std::size_t> byte_count(const numpy_array& array) {
  std::size_t product = element_size(array.dtype);
  for (const std::size_t extent : array.shape)
    if (__builtin_mul_overflow(product, extent, &product))
      return std::nullopt;
  return product;
}

/// Where something was read, for messages: a file, and an array in it if it holds several.
struct place {
  const std::filesystem::path& path;
  std::string array{};

  std::string of_array() const { return array.empty() ? "" : " of array " + in_quotes(array); }
  [[noreturn]] void fail(const std::string& expected, const std::string& found,
                         const std::string& what_to_do = advice) const {
    throw error(path, expected + of_array(), found, what_to_do);
  }
};

/// The Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (784, 50), }: what NumPy
/// writes, in any order and spacing.
class header_reader {
public:
  header_reader(const place& where, std::string_view text)
      : where_(where), whole_(text), rest_(text) {}

  numpy_array read() {
    bool has_descr = false;
    bool has_order = false;
    bool has_shape = false;
    require('{');
    while (!take('}')) {
      const std::string key = string();
      require(':');
      bool* const seen = key == "descr"           ? &has_descr
                         : key == "fortran_order" ? &has_order
                         : key == "shape"         ? &has_shape
                                                  : nullptr;
      if (seen == nullptr || std::exchange(*seen, true))
        unknown();
      if (key == "descr")
        result_.dtype = dtype();
      else if (key == "shape")
        result_.shape = tuple();
      else
        row_major();
      if (!take(',') && peek() != '}')
        unknown();
    }
    if (!has_descr || !has_order || !has_shape || peek() != '\0')
      unknown();
    return std::move(result_);
  }

private:
  [[noreturn]] void unknown() const {
    where_.fail("a header with descr, fortran_order and shape", in_quotes(whole_));
  }

  char peek() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size()));
    return rest_.empty() ? '\0' : rest_.front();
  }
  bool take(char letter) {
    if (peek() != letter || rest_.empty())
      return false;
    rest_.remove_prefix(1);
    return true;
  }
  void require(char letter) {
    if (!take(letter))
      unknown();
  }

  std::string string() {
    const char quote = peek();
    const std::size_t end = quote == '\'' || quote == '"' ? rest_.find(quote, 1) : rest_.npos;
    if (end == rest_.npos)
      unknown();
    const std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }

  std::string dtype() {
    constexpr auto expected = "elements <f4, <f8, <i4, <i8, |i1 or |u1";
    if (peek() == '[')
      where_.fail(expected, "a structured type", "Save each field as an array of its own");
    std::string text = string();
    if (text.starts_with('>'))
      where_.fail("little-endian elements", in_quotes(text),
                  "Save the array with astype(a.dtype.newbyteorder('<'))");
    if (text == "<i1" || text == "<u1")
      text[0] = '|'; // one byte has no order
    if (element_size(text) == 0)
      where_.fail(expected, in_quotes(text), "Save the array with astype of one of these");
    return text;
  }

  void row_major() {
    if (peek() == 'T' && rest_.starts_with("True"))
      where_.fail("row-major (C) order", "fortran_order True",
                  "Save the array with numpy.ascontiguousarray");
    if (!rest_.starts_with("False"))
      unknown();
    rest_.remove_prefix(5);
  }

  std::vector<std::size_t> tuple() {
    std::vector<std::size_t> extents;
    require('(');
    while (!take(')')) {
      extents.push_back(extent());
      if (!take(',') && peek() != ')')
        unknown();
      if (extents.size() > most_dimensions)
        where_.fail("at most " + std::to_string(most_dimensions) + " dimensions", "more");
    }
    return extents;
  }

  std::size_t extent() {
    std::size_t value = 0;
    bool any = false;
    for (char digit = peek(); digit >= '0' && digit <= '9';
         digit = rest_.empty() ? '\0' : rest_.front()) {
      if (__builtin_mul_overflow(value, std::size_t{10}, &value) ||
          __builtin_add_overflow(value, static_cast<std::size_t>(digit - '0'), &value))
        unknown();
      rest_.remove_prefix(1);
      any = true;
    }
    if (!any)
      unknown();
    return value;
  }

  const place& where_;
  std::string_view whole_;
  std::string_view rest_;
  numpy_array result_;
};

/// The array in the bytes of an NPY file. Nothing is allocated from what the header claims.
inline numpy_array parse(const place& where, std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(magic))
    where.fail("the magic bytes \\x93NUMPY", in_quotes(text.substr(0, magic.size())),
               "Is this an NPY file?");
  const int version = bytes.size() > 6 ? bytes[6] : 0;
  const std::size_t start = version == 1 ? 10 : 12; // the size has two bytes, later four
  if (bytes.size() < start)
    where.fail("an NPY header", "the end after " + std::to_string(bytes.size()) + " bytes",
               "The file is truncated: copy or write it again");
  if (version < 1 || version > 3)
    where.fail("NPY version 1, 2 or 3", std::to_string(version));
  std::size_t size = 0;
  for (std::size_t i = start; i > 8; --i)
    size = size << 8 | bytes[i - 1];
  if (size > bytes.size() - start)
    where.fail("a header of " + std::to_string(size) + " bytes",
               std::to_string(bytes.size() - start),
               "The file is truncated: copy or write it again");
  auto result = header_reader(where, text.substr(start, size)).read();
  const auto elements = bytes.subspan(start + size);
  const auto needed = byte_count(result);
  if (needed != elements.size())
    where.fail((needed ? std::to_string(*needed) : "more than 2^64") + " bytes for " +
                   describe(result.dtype, result.shape),
               std::to_string(elements.size()),
               !needed || *needed > elements.size()
                   ? "The file is truncated: copy or write it again"
                   : advice);
  result.bytes.assign(elements.begin(), elements.end());
  return result;
}

/// The bytes of an NPY file of version 1.0, whose elements begin at a multiple of 64.
inline std::vector<std::uint8_t> format(const place& where, const numpy_array& array) {
  if (element_size(array.dtype) == 0 || byte_count(array) != array.bytes.size() ||
      array.shape.size() > most_dimensions)
    where.fail("as many bytes as " + describe(array.dtype, array.shape) + " has",
               std::to_string(array.bytes.size()), "Make the array with numpy_array::of");
  std::string text(magic);
  text.append({1, 0, 0, 0}); // the version, and the size of the rest of the header
  text += "{'descr': '" + array.dtype +
          "', 'fortran_order': False, 'shape': " + describe("", array.shape) + ", }";
  text.resize((text.size() + 1 + 63) / 64 * 64 - 1, ' ');
  text += '\n';
  text[8] = static_cast<char>((text.size() - 10) & 255u);
  text[9] = static_cast<char>((text.size() - 10) >> 8);
  std::vector<std::uint8_t> bytes(text.size() + array.bytes.size());
  const auto header_end = std::copy(text.begin(), text.end(), bytes.begin());
  std::copy(array.bytes.begin(), array.bytes.end(), header_end);
  return bytes;
}

struct source_freer {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
using source_handle = std::unique_ptr<zip_source_t, source_freer>;

struct archive_closer {
  void operator()(zip_t* archive) const { zip_discard(archive); } // changes nothing
};
using archive_handle = std::unique_ptr<zip_t, archive_closer>;

struct entry_closer {
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
};
using entry_handle = std::unique_ptr<zip_file_t, entry_closer>;

/// The words of libzip.
struct failure {
  zip_error_t value;
  failure() { zip_error_init(&value); }
  failure(const failure&) = delete;
  failure& operator=(const failure&) = delete;
  ~failure() { zip_error_fini(&value); }
  std::string words() { return zip_error_strerror(&value); }
};

/// An archive in memory. `bytes`, if not empty, must outlive it. `contents` is what remains of it
/// after zip_close.
struct memory_archive {
  source_handle contents;
  archive_handle archive;

  memory_archive(const place& where, std::span<const std::uint8_t> bytes, int flags) {
    failure problem;
    const void* data = bytes.empty() ? nullptr : bytes.data();
    contents.reset(zip_source_buffer_create(data, bytes.size(), 0, &problem.value));
    if (contents) {
      zip_source_keep(contents.get()); // the archive frees one reference, `contents` the other
      archive.reset(zip_open_from_source(contents.get(), flags, &problem.value));
      if (!archive)
        zip_source_free(contents.get());
    }
    if (!archive)
      where.fail("a zip archive", problem.words(),
                 "Is this an NPZ file? If so it is cut off or damaged; copy or write it again");
  }
};

inline std::vector<std::uint8_t> read_entry(const place& where, zip_t* archive,
                                            zip_uint64_t index) {
  constexpr std::size_t block = 1 << 18;
  const entry_handle file(zip_fopen_index(archive, index, 0));
  if (!file)
    where.fail("data that can be read", zip_strerror(archive));
  std::vector<std::uint8_t> bytes;
  std::size_t size = 0;
  for (zip_int64_t n = 1; n > 0; size += n > 0 ? static_cast<std::size_t>(n) : 0) {
    bytes.resize(size + block);
    n = zip_fread(file.get(), bytes.data() + size, block);
    if (n < 0) // also when the checksum at the end is wrong
      where.fail("undamaged data", zip_error_strerror(zip_file_get_error(file.get())),
                 "Copy or write the file again");
  }
  bytes.resize(size);
  return bytes;
}

} // namespace npz_detail

/// Reads an NPY file of version 1.0, 2.0 or 3.0.
///
/// Throws `error` when it is missing, truncated or no NPY file, and when its elements are not
/// little-endian <f4, <f8, <i4, <i8, |i1 or |u1 in row-major order.
inline numpy_array read_npy(const std::filesystem::path& path) {
  return npz_detail::parse({path}, read_file(path));
}

/// Writes an NPY file in one step. Throws `error` when that fails, or when the array has not as
/// many bytes as its type and shape say.
inline void write_npy(const std::filesystem::path& path, const numpy_array& array) {
  write_file(path, npz_detail::format({path}, array));
}

/// Reads all arrays of an NPZ file, compressed or not. Throws `error` as `read_npy` does, and when
/// the archive or one of its checksums is damaged.
inline numpy_arrays read_npz(const std::filesystem::path& path) {
  using namespace npz_detail;
  const auto bytes = read_file(path);
  const place whole{path};
  if (bytes.empty())
    whole.fail("a zip archive", "an empty file", "Copy or write the file again");
  const memory_archive zip(whole, bytes, ZIP_RDONLY | ZIP_CHECKCONS);
  numpy_arrays arrays;
  const auto count = static_cast<zip_uint64_t>(zip_get_num_entries(zip.archive.get(), 0));
  for (zip_uint64_t index = 0; index < count; ++index) {
    const char* found = zip_get_name(zip.archive.get(), index, 0);
    std::string name = found != nullptr ? found : "";
    if (!name.ends_with(".npy"))
      whole.fail("entries whose names end in .npy", in_quotes(name), "Is this an NPZ file?");
    name.resize(name.size() - 4);
    const place where{path, name};
    auto array = parse(where, read_entry(where, zip.archive.get(), index));
    if (!arrays.emplace(name, std::move(array)).second)
      whole.fail("each name once", "a second array " + in_quotes(name));
  }
  return arrays;
}

/// How an NPZ file stores its arrays: as numpy.savez or as numpy.savez_compressed.
enum class npz_storage { plain, deflated };

/// Writes an NPZ file in one step; the same arrays give the same bytes. Throws `error` when that
/// fails or there is no array, and as `write_npy` does.
inline void write_npz(const std::filesystem::path& path, const numpy_arrays& arrays,
                      npz_storage storage = npz_storage::plain) {
  using namespace npz_detail;
  const place whole{path};
  if (arrays.empty())
    whole.fail("at least one array", "none", "Add an array");
  memory_archive zip(whole, {}, ZIP_TRUNCATE);
  const auto check = [&](bool succeeded) {
    if (!succeeded)
      whole.fail("to make a zip archive", zip_strerror(zip.archive.get()), "Check the memory");
  };
  std::vector<std::vector<std::uint8_t>> files; // must stay until the archive is closed
  files.reserve(arrays.size());
  for (const auto& [name, array] : arrays) {
    const auto& file = files.emplace_back(format({path, name}, array));
    source_handle data(zip_source_buffer(zip.archive.get(), file.data(), file.size(), 0));
    check(data != nullptr);
    const auto index =
        zip_file_add(zip.archive.get(), (name + ".npy").c_str(), data.get(), ZIP_FL_ENC_UTF_8);
    check(index >= 0);
    static_cast<void>(data.release()); // now the archive's
    const auto at = static_cast<zip_uint64_t>(index);
    const auto method = storage == npz_storage::plain ? ZIP_CM_STORE : ZIP_CM_DEFLATE;
    check(zip_set_file_compression(zip.archive.get(), at, method, 0) == 0);
    constexpr zip_uint16_t first_day = 1 << 5 | 1; // 1 January 1980, as numpy.savez
    check(zip_file_set_dostime(zip.archive.get(), at, 0, first_day, 0) == 0);
  }
  check(zip_close(zip.archive.get()) == 0);
  static_cast<void>(zip.archive.release()); // zip_close freed it

  zip_stat_t size;
  zip_source_t* contents = zip.contents.get();
  if (zip_source_stat(contents, &size) != 0 || zip_source_open(contents) != 0)
    whole.fail("to read the finished archive", "that it cannot be", "Check the memory");
  std::vector<std::uint8_t> bytes(size.size);
  const auto read = zip_source_read(contents, bytes.data(), bytes.size());
  zip_source_close(contents);
  if (read < 0 || static_cast<std::size_t>(read) != bytes.size())
    whole.fail("to read the finished archive", "only a part of it", "Check the memory");
  write_file(path, bytes);
}

/// Copies array `name` of a file that was read from `path` to `values`. Throws `error` unless it is
/// there with exactly this type and shape.
template <class T, std::size_t Size>
void copy_array(const std::filesystem::path& path, const numpy_arrays& arrays,
                const std::string& name, std::span<T, Size> values,
                const std::vector<std::size_t>& shape) {
  using namespace npz_detail;
  static_assert(numpy_array::is_element<T>,
                "copy_array: float, double, std::int32_t, std::int64_t, std::int8_t, std::uint8_t");
  const auto expected =
      "array " + in_quotes(name) + " as " + describe(numpy_array::dtype_of<T>, shape);
  const auto found = arrays.find(name);
  if (found == arrays.end()) {
    std::string names;
    for (const auto& [other, array] : arrays)
      names += (names.empty() ? "" : ", ") + in_quotes(other);
    throw error(path, expected, names.empty() ? "no arrays" : "only " + names,
                "Name a file that has it");
  }
  const auto& array = found->second;
  if (array.dtype != numpy_array::dtype_of<T> || array.shape != shape ||
      array.bytes.size() != values.size_bytes())
    throw error(path, expected, describe(array.dtype, array.shape),
                "Name a file with arrays of this type and shape");
  std::memcpy(values.data(), array.bytes.data(), array.bytes.size());
}

} // namespace mote::hosted
