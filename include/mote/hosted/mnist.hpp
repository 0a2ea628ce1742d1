// The handwritten digits to learn: MNIST where it is at hand, else the built-in digits.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <mote/hosted/csv.hpp>
#include <mote/hosted/digits.hpp>
#include <mote/hosted/file.hpp>
#include <mote/hosted/idx.hpp>

namespace mote::hosted {

/// What to learn from and what to be judged by: images of 28 x 28, labels 0 to 9.
struct digit_data {
  std::string name;   ///< "MNIST", "built-in digits" or the name of a CSV file
  std::string origin; ///< the folder, the file, or the two seeds
  image_set train;
  image_set test;
};

/// How many built-in digits to draw. Files are always read whole.
struct digit_counts {
  std::size_t train = 60'000;
  std::size_t test = 10'000;
};

namespace mnist_detail {

inline constexpr auto train_images = "train-images-idx3-ubyte";
inline constexpr auto train_labels = "train-labels-idx1-ubyte";
inline constexpr auto test_images = "t10k-images-idx3-ubyte";
inline constexpr auto test_labels = "t10k-labels-idx1-ubyte";

// Fixed, so that the data do not change with the seed of a training run.
inline constexpr std::uint64_t train_seed = 60'000;
inline constexpr std::uint64_t test_seed = 10'000;

/// The format allows other images and labels; what learns digits does not.
inline void check_digits(const image_set& set, const std::filesystem::path& images,
                         const std::filesystem::path& labels) {
  if (set.height != 28 || set.width != 28)
    throw error(images, 8, "images of 28 x 28",
                std::to_string(set.height) + " x " + std::to_string(set.width),
                "Use the files of MNIST");
  if (set.size() == 0)
    throw error(images, 4, "at least one image", "none", "Use the files of MNIST");
  const auto wrong = std::ranges::find_if(set.labels, [](auto label) { return label > 9; });
  if (wrong != set.labels.end())
    throw error(labels, static_cast<std::uint64_t>(8 + (wrong - set.labels.begin())),
                "labels from 0 to 9", std::to_string(*wrong), "Use the files of MNIST");
}

inline image_set read_part(const std::filesystem::path& folder, const char* images,
                           const char* labels) {
  auto set = read_idx(folder / images, folder / labels);
  check_digits(set, require_plain_or_gzip(folder / images), require_plain_or_gzip(folder / labels));
  return set;
}

/// Folders that are looked into unasked, in order.
inline std::vector<std::filesystem::path> usual_folders() {
  std::vector<std::filesystem::path> folders;
#ifdef MOTE_SOURCE_DIR
  folders.push_back(std::filesystem::path(MOTE_SOURCE_DIR) / "../shared/mnist");
#else
  folders.push_back("../shared/mnist");
#endif
#ifdef MOTE_DOWNLOAD_DIR
  folders.push_back(MOTE_DOWNLOAD_DIR);
#endif
  return folders;
}

inline bool is_csv(std::filesystem::path path) {
  if (path.extension() == ".gz")
    path = path.stem();
  return path.extension() == ".csv";
}

/// One of the four files is enough: a folder with a part of MNIST is a mistake that should be seen.
inline bool has_any_file(const std::filesystem::path& folder) {
  constexpr std::array names{train_images, train_labels, test_images, test_labels};
  return std::ranges::any_of(
      names, [&](const char* name) { return find_plain_or_gzip(folder / name).has_value(); });
}

} // namespace mnist_detail

/// The four files of MNIST in `folder`, each plain or with .gz: {train,t10k}-images-idx3-ubyte and
/// {train,t10k}-labels-idx1-ubyte.
///
/// Throws `error` when one is missing or damaged or does not hold digits (28 x 28, labels 0 to 9).
inline digit_data read_mnist(const std::filesystem::path& folder) {
  using namespace mnist_detail;
  return {"MNIST", folder.lexically_normal().string(),
          read_part(folder, train_images, train_labels),
          read_part(folder, test_images, test_labels)};
}

/// A CSV file with labels, as `read_csv` takes it. Its last seventh is for testing, the share that
/// MNIST has for that; the images before are for training.
///
/// Throws `error` when the file is missing or damaged, has no labels or less than two images.
inline digit_data read_csv_digits(const std::filesystem::path& path) {
  auto train = read_csv(path);
  if (train.labels.empty())
    throw error(path, "a label and 784 pixels in each line", "only the pixels",
                "Use a file with labels, as Kaggle's train.csv");
  const auto count = train.size() - (train.size() + 6) / 7;
  if (count == 0)
    throw error(path, "at least two images", "one", "Use a file with more images");
  const auto area = train.height * train.width;
  image_set test{train.height, train.width, {}, {}};
  test.pixels.assign(train.pixels.begin() + static_cast<std::ptrdiff_t>(count * area),
                     train.pixels.end());
  test.labels.assign(train.labels.begin() + static_cast<std::ptrdiff_t>(count), train.labels.end());
  train.pixels.resize(count * area);
  train.labels.resize(count);
  return {path.filename().string(), path.lexically_normal().string(), std::move(train),
          std::move(test)};
}

/// What `path` names: a CSV file (.csv or .csv.gz), else a folder with MNIST. Throws `error` as the
/// two functions above do.
inline digit_data read_digits(const std::filesystem::path& path) {
  return mnist_detail::is_csv(path) ? read_csv_digits(path) : read_mnist(path);
}

/// Digits drawn by `draw_digits`, always the same ones; train and test share no seed.
inline digit_data built_in_digits(digit_counts counts = {}) {
  using namespace mnist_detail;
  return {"built-in digits",
          "seeds " + std::to_string(train_seed) + " (train) and " + std::to_string(test_seed) +
              " (test)",
          draw_digits(counts.train, train_seed), draw_digits(counts.test, test_seed)};
}

/// The first of `folders` in which there is any file of MNIST, else the built-in digits.
///
/// Throws `error` when that folder's files are incomplete or damaged.
inline digit_data find_digits(std::span<const std::filesystem::path> folders,
                              digit_counts counts = {}) {
  for (const auto& folder : folders)
    if (mnist_detail::has_any_file(folder))
      return read_mnist(folder);
  return built_in_digits(counts);
}

/// The digits to work with, from the first of these that applies:
///   1. `path`, a folder or a CSV file, if given;
///   2. the one that the environment variable MOTE_DATA names, if it is set and not empty;
///   3. ../shared/mnist, seen from the project's source folder (the macro MOTE_SOURCE_DIR, a string
///      literal) or, without that macro, from the current folder;
///   4. the macro MOTE_DOWNLOAD_DIR (a string literal), if defined;
///   5. the built-in digits, as many as `counts` says.
///
/// A folder that was asked for (1, 2) must hold all of MNIST, and so must one that holds a part of
/// it (3, 4): otherwise throws `error`, so that no result is ever due to the wrong data.
inline digit_data load_digits(const std::optional<std::filesystem::path>& path = std::nullopt,
                              digit_counts counts = {}) {
  if (path)
    return read_digits(*path);
  if (const char* data = std::getenv("MOTE_DATA"); data != nullptr && *data != '\0')
    return read_digits(data);
  return find_digits(mnist_detail::usual_folders(), counts);
}

} // namespace mote::hosted
