// IDX, the file format of MNIST: a big-endian header, then the bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <mote/hosted/file.hpp>

namespace mote::hosted {

/// Grey images of one size, each with a label.
struct image_set {
  std::size_t height = 0;           ///< rows of an image
  std::size_t width = 0;            ///< pixels in a row
  std::vector<std::uint8_t> pixels; ///< [size][height][width]; 0 is background, 255 is ink
  std::vector<std::uint8_t> labels; ///< [size]; empty where only the images were read

  /// How many images there are.
  std::size_t size() const { return pixels.empty() ? 0 : pixels.size() / (height * width); }

  /// Image `i`, row by row. Requires i < size().
  std::span<const std::uint8_t> image(std::size_t i) const {
    return std::span(pixels).subspan(i * height * width, height * width);
  }
};

namespace idx_detail {

inline constexpr std::uint32_t images_magic = 2051; // unsigned bytes, 3 dimensions
inline constexpr std::uint32_t labels_magic = 2049; // unsigned bytes, 1 dimension

inline std::uint32_t big_endian(const std::vector<std::uint8_t>& bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | bytes[offset + i];
  return value;
}

inline void append_big_endian(std::vector<std::uint8_t>& bytes, std::size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<std::uint8_t>(value >> shift & 0xff));
}

inline std::string describe(std::uint32_t magic) {
  const auto number = std::to_string(magic);
  if (magic == images_magic)
    return number + " (an IDX file of images)";
  if (magic == labels_magic)
    return number + " (an IDX file of labels)";
  return number;
}

inline void check_magic(const std::filesystem::path& path, std::uint32_t expected,
                        std::uint32_t found) {
  if (found == expected)
    return;
  const bool other_kind = found == images_magic || found == labels_magic;
  throw error(path, 0, "the magic number " + describe(expected), describe(found),
              other_kind ? "Check that the images' and the labels' names are not swapped"
                         : "Check that this is an IDX file of unsigned bytes");
}

/// A file whose magic number is right and whose sizes agree with its length.
template <std::size_t Dimensions>
struct contents {
  std::array<std::uint32_t, Dimensions> sizes{};
  std::vector<std::uint8_t> bytes; // without the header
};

/// The product of the sizes is never formed: three sizes of 32 bits could overflow. It is compared
/// with what is there by division, and nothing is allocated from what the header claims.
template <std::size_t Dimensions>
void check_length(const std::filesystem::path& path,
                  const std::array<std::uint32_t, Dimensions>& sizes, std::uint64_t found) {
  constexpr std::uint64_t header = 4 + 4 * Dimensions;
  auto product = std::to_string(sizes[0]);
  std::uint64_t item = 1; // at most two sizes of 32 bits: fits
  for (std::size_t i = 1; i < Dimensions; ++i) {
    if (sizes[i] == 0)
      throw error(path, 4 + 4 * i, "a height and a width of at least 1", "0",
                  "Make the file again");
    item *= sizes[i];
    product += " x " + std::to_string(sizes[i]);
  }
  const auto expected = "a header of " + std::to_string(header) + " bytes and " + product;
  const auto total = std::to_string(header + found) + " bytes in all";
  if (sizes[0] > found / item)
    throw error(path, header + found, expected + " bytes", "the end of the file: " + total,
                "The file is truncated: copy or download it again");
  if (const std::uint64_t needed = sizes[0] * item; needed < found)
    throw error(path, header + needed, expected + " bytes and then the end", total,
                "The file has trailing bytes: copy or download it again");
}

template <std::size_t Dimensions>
contents<Dimensions> read(const std::filesystem::path& path, std::uint32_t magic) {
  constexpr std::size_t header = 4 + 4 * Dimensions;
  contents<Dimensions> result;
  auto bytes = read_file(path);
  if (bytes.size() >= 4)
    check_magic(path, magic, big_endian(bytes, 0));
  if (bytes.size() < header)
    throw error(path, bytes.size(), "an IDX header of " + std::to_string(header) + " bytes",
                "the end of the file", "The file is truncated: copy or download it again");
  for (std::size_t i = 0; i < Dimensions; ++i)
    result.sizes[i] = big_endian(bytes, 4 + 4 * i);
  check_length(path, result.sizes, bytes.size() - header);
  bytes.erase(bytes.begin(), bytes.begin() + header);
  result.bytes = std::move(bytes);
  return result;
}

} // namespace idx_detail

/// `path` if it exists, else `path` with ".gz" appended if that exists, else nothing.
inline std::optional<std::filesystem::path> find_plain_or_gzip(const std::filesystem::path& path) {
  std::error_code ignored; // what cannot be looked at is not found
  if (std::filesystem::exists(path, ignored))
    return path;
  auto compressed = path;
  compressed += ".gz";
  if (std::filesystem::exists(compressed, ignored))
    return compressed;
  return std::nullopt;
}

/// The same, but throws `error` when neither exists.
inline std::filesystem::path require_plain_or_gzip(const std::filesystem::path& path) {
  if (auto found = find_plain_or_gzip(path))
    return *std::move(found);
  throw error(path, "this file, or the same name with .gz", "neither",
              "Check the name, or put the file there");
}

/// The images of an IDX file (magic number 2051), without labels. Reads `path` or `path`.gz.
///
/// Throws `error` when the file cannot be read, is of another kind, or is not exactly as long as
/// its header says.
inline image_set read_idx_images(const std::filesystem::path& path) {
  auto file = idx_detail::read<3>(require_plain_or_gzip(path), idx_detail::images_magic);
  return {file.sizes[1], file.sizes[2], std::move(file.bytes), {}};
}

/// The labels of an IDX file (magic number 2049); any value from 0 to 255. Reads `path` or
/// `path`.gz. Throws `error` as `read_idx_images` does.
inline std::vector<std::uint8_t> read_idx_labels(const std::filesystem::path& path) {
  return idx_detail::read<1>(require_plain_or_gzip(path), idx_detail::labels_magic).bytes;
}

/// Images and their labels. Throws `error` as the two functions above do, and when there are not as
/// many labels as images.
inline image_set read_idx(const std::filesystem::path& images_path,
                          const std::filesystem::path& labels_path) {
  auto set = read_idx_images(images_path);
  set.labels = read_idx_labels(labels_path);
  if (set.labels.size() != set.size())
    throw error(require_plain_or_gzip(labels_path), 4,
                std::to_string(set.size()) + " labels, one for each image of " +
                    require_plain_or_gzip(images_path).string(),
                std::to_string(set.labels.size()), "Use two files that belong together");
  return set;
}

/// Writes images and labels as two uncompressed IDX files.
///
/// Throws `error` when the sizes in `set` do not agree with each other or do not fit in 32 bits, or
/// when a file cannot be written; each file is written completely or not at all.
inline void write_idx(const std::filesystem::path& images_path,
                      const std::filesystem::path& labels_path, const image_set& set) {
  const auto count = set.labels.size();
  constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
  if (set.height == 0 || set.width == 0 || set.height > most || set.width > most || count > most)
    throw error(images_path, "sizes from 1 to 4294967295",
                std::to_string(count) + " images of " + std::to_string(set.height) + " x " +
                    std::to_string(set.width),
                "Set the height and the width of the image set");
  if (set.size() != count || set.pixels.size() != count * set.height * set.width)
    throw error(images_path, std::to_string(count) + " images, one for each label",
                std::to_string(set.pixels.size()) + " pixels in images of " +
                    std::to_string(set.height) + " x " + std::to_string(set.width),
                "Give each image one label");
  std::vector<std::uint8_t> images;
  images.reserve(16 + set.pixels.size());
  for (const std::size_t value :
       {std::size_t{idx_detail::images_magic}, count, set.height, set.width})
    idx_detail::append_big_endian(images, value);
  images.insert(images.end(), set.pixels.begin(), set.pixels.end());
  std::vector<std::uint8_t> labels;
  for (const std::size_t value : {std::size_t{idx_detail::labels_magic}, count})
    idx_detail::append_big_endian(labels, value);
  labels.insert(labels.end(), set.labels.begin(), set.labels.end());
  write_file(images_path, images);
  write_file(labels_path, labels);
}

} // namespace mote::hosted
