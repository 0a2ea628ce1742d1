#include <mote/hosted/idx.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "scratch.hpp"

namespace {

using namespace hosted_test;
using namespace mote::hosted;

/// A folder with two small files that belong together.
struct idx_files : scratch {
  fs::path images = path / "images", labels = path / "labels";
  image_set set{2, 3, {}, {7, 0, 255}};

  idx_files() {
    for (std::uint8_t i = 0; i < 18; ++i)
      set.pixels.push_back(static_cast<std::uint8_t>(i * 15));
    write_idx(images, labels, set);
  }
};

void compress(const fs::path& from, const fs::path& to) {
  write_gzip(to, read_file(from));
}

} // namespace

TEST_CASE("IDX files have the bytes of the format", "[hosted][idx]") {
  const idx_files files;
  CHECK(read_file(files.labels) == bytes{0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 255});
  const bytes header{0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 3};
  const auto images = read_file(files.images);
  CHECK(images.size() == 16 + 18);
  CHECK(first(images, 16) == header);
}

TEST_CASE("images and labels come back as they were written", "[hosted][idx]") {
  const idx_files files;
  const auto set = read_idx(files.images, files.labels);
  CHECK(set.height == 2);
  CHECK(set.width == 3);
  CHECK(set.size() == 3);
  CHECK(set.pixels == files.set.pixels);
  CHECK(set.labels == files.set.labels);
  const auto middle = set.image(1);
  CHECK(bytes(middle.begin(), middle.end()) == bytes{90, 105, 120, 135, 150, 165});
}

TEST_CASE("a set of no images is a set", "[hosted][idx]") {
  const idx_files files;
  write_idx(files.images, files.labels, {28, 28, {}, {}});
  const auto set = read_idx(files.images, files.labels);
  CHECK(set.size() == 0);
  CHECK(set.height == 28);
}

TEST_CASE("the name with .gz serves as well, but plain files come first", "[hosted][idx]") {
  const idx_files files;
  compress(files.images, files.path / "images.gz");
  fs::remove(files.images);
  CHECK(read_idx(files.images, files.labels).pixels == files.set.pixels);
  CHECK(read_idx_images(files.path / "images.gz").pixels == files.set.pixels);
  CHECK(find_plain_or_gzip(files.images) == files.path / "images.gz");

  compress(files.labels, files.path / "labels.gz");
  CHECK(find_plain_or_gzip(files.labels) == files.labels);
  CHECK_FALSE(find_plain_or_gzip(files.path / "other").has_value());
  const auto missing = files.path / "other";
  check_message(message_of([&] { read_idx_labels(missing); }), missing, "this file", "neither");
}

TEST_CASE("IDX files that are truncated at any byte are errors", "[hosted][idx]") {
  const idx_files files;
  const auto images = read_file(files.images), labels = read_file(files.labels);
  for (std::size_t size = 0; size < images.size(); ++size) {
    write_file(files.images, first(images, size));
    const auto message = message_of([&] { read_idx_images(files.images); });
    check_message(message, files.images,
                  size < 16 ? "an IDX header of 16 bytes" : "a header of 16 bytes and 3 x 2 x 3",
                  "the end of the file");
    CHECK(message.find("at byte " + std::to_string(size) + ":") != std::string::npos);
  }
  for (std::size_t size = 0; size < labels.size(); ++size) {
    write_file(files.labels, first(labels, size));
    check_message(message_of([&] { read_idx_labels(files.labels); }), files.labels,
                  size < 8 ? "an IDX header of 8 bytes" : "a header of 8 bytes and 3 bytes",
                  "the end of the file");
  }
}

TEST_CASE("compressed IDX files that are truncated at any byte are errors", "[hosted][idx]") {
  const idx_files files;
  const auto path = files.path / "images.gz";
  compress(files.images, path);
  const auto raw = read_raw(path); // read_file would decompress it
  for (std::size_t size = 0; size < raw.size(); ++size) {
    write_file(path, first(raw, size));
    check_message(message_of([&] { read_idx_images(path); }), path,
                  size < 2 ? "an IDX header" : "a complete gzip stream");
  }
}

TEST_CASE("IDX files with trailing bytes are errors", "[hosted][idx]") {
  const idx_files files;
  for (const auto& path : {files.images, files.labels}) {
    auto longer = read_file(path);
    longer.push_back(0);
    write_file(path, longer);
  }
  const auto message = message_of([&] { read_idx_images(files.images); });
  check_message(message, files.images, "a header of 16 bytes and 3 x 2 x 3 bytes and then the end",
                "35 bytes in all");
  CHECK(message.find("at byte 34:") != std::string::npos);
  check_message(message_of([&] { read_idx_labels(files.labels); }), files.labels,
                "a header of 8 bytes and 3 bytes and then the end", "12 bytes in all");
}

TEST_CASE("another magic number is an error that says what it is", "[hosted][idx]") {
  const idx_files files;
  check_message(message_of([&] { read_idx(files.labels, files.images); }), files.labels,
                "the magic number 2051 (an IDX file of images)",
                "found 2049 (an IDX file of labels). Check that the images' and the labels' names");
  check_message(message_of([&] { read_idx_labels(files.images); }), files.images,
                "the magic number 2049 (an IDX file of labels)",
                "found 2051 (an IDX file of images)");
  write_file(files.images, "PNG, perhaps, but not IDX");
  check_message(message_of([&] { read_idx_images(files.images); }), files.images,
                "the magic number 2051", "found 1347307308. Check that this is an IDX file");
}

TEST_CASE("sizes that no file can have are errors", "[hosted][idx]") {
  const idx_files files;
  auto images = read_file(files.images);
  SECTION("the product overflows") {
    std::fill(images.begin() + 4, images.begin() + 16, std::uint8_t{255});
    write_file(files.images, images);
    check_message(message_of([&] { read_idx_images(files.images); }), files.images,
                  "a header of 16 bytes and 4294967295 x 4294967295 x 4294967295",
                  "34 bytes in all");
  }
  SECTION("the product is a multiple of 2^64") {
    const bytes sizes{128, 0, 0, 0, 128, 0, 0, 0, 0, 0, 0, 4};
    std::copy(sizes.begin(), sizes.end(), images.begin() + 4);
    write_file(files.images, first(images, 16));
    check_message(message_of([&] { read_idx_images(files.images); }), files.images,
                  "a header of 16 bytes and 2147483648 x 2147483648 x 4", "16 bytes in all");
  }
  SECTION("an image without pixels") {
    images[15] = 0;
    write_file(files.images, images);
    check_message(message_of([&] { read_idx_images(files.images); }), files.images,
                  "a height and a width of at least 1", "found 0");
  }
}

TEST_CASE("as many labels as images are required", "[hosted][idx]") {
  const idx_files files;
  write_file(files.labels, bytes{0, 0, 8, 1, 0, 0, 0, 2, 7, 0});
  const auto message = message_of([&] { read_idx(files.images, files.labels); });
  check_message(message, files.labels, "3 labels", "found 2");
  CHECK(message.find(files.images.string()) != std::string::npos);
}

TEST_CASE("a set that does not agree with itself is not written", "[hosted][idx]") {
  const idx_files files;
  const auto path = files.path / "new";
  const auto write = [&](const image_set& set) {
    return message_of([&] { write_idx(path, files.labels, set); });
  };
  check_message(write({2, 3, bytes(18), bytes(2)}), path, "2 images", "18 pixels");
  check_message(write({2, 3, bytes(17), bytes(2)}), path, "2 images", "17 pixels");
  check_message(write({0, 3, {}, bytes(2)}), path, "sizes from 1", "2 images of 0 x 3");
  CHECK_FALSE(fs::exists(path));
  CHECK(read_idx_labels(files.labels) == files.set.labels);
}
