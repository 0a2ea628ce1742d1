#include <mote/hosted/mnist.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "scratch.hpp"

namespace {

using namespace hosted_test;
using namespace mote::hosted;

constexpr std::array names{"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                           "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

/// A folder for the four files, empty at first.
struct mnist_folder : scratch {
  /// The four files, with a few images.
  void fill(std::uint64_t seed = 1) const {
    write_idx(path / names[0], path / names[1], draw_digits(20, seed));
    write_idx(path / names[2], path / names[3], draw_digits(10, seed + 1));
  }
};

/// Sets MOTE_DATA, or unsets it, until the end of the scope.
struct mote_data {
  std::optional<std::string> old;
  explicit mote_data(const char* value) {
    if (const char* now = std::getenv("MOTE_DATA"))
      old = now;
    set(value);
  }
  ~mote_data() { set(old ? old->c_str() : nullptr); }
  static void set(const char* value) {
    value == nullptr ? ::unsetenv("MOTE_DATA") : ::setenv("MOTE_DATA", value, 1);
  }
};

std::array<int, 10> per_class(const std::vector<std::uint8_t>& labels) {
  std::array<int, 10> count{};
  for (const auto label : labels)
    ++count.at(label);
  return count;
}

std::vector<std::uint8_t> first_ten(const std::vector<std::uint8_t>& labels) {
  return {labels.begin(), labels.begin() + 10};
}

/// Where MNIST itself may be on this machine.
std::optional<fs::path> real_mnist() {
  auto folders = mnist_detail::usual_folders();
  if (const char* data = std::getenv("MOTE_DATA"))
    folders.insert(folders.begin(), data);
  const auto found = std::ranges::find_if(folders, mnist_detail::has_any_file);
  return found == folders.end() ? std::nullopt : std::optional(*found);
}

} // namespace

TEST_CASE("a folder with the four files is read", "[hosted][mnist]") {
  const mnist_folder folder;
  folder.fill();
  const auto data = load_digits(folder.path);
  CHECK(data.name == "MNIST");
  CHECK(data.origin == folder.path.string());
  CHECK(data.train.pixels == draw_digits(20, 1).pixels);
  CHECK(data.train.labels == draw_digits(20, 1).labels);
  CHECK(data.test.pixels == draw_digits(10, 2).pixels);
}

TEST_CASE("a folder that was asked for must hold all files", "[hosted][mnist]") {
  const mnist_folder folder;
  const auto nowhere = folder.path / "nowhere";
  check_message(message_of([&] { load_digits(nowhere); }), nowhere / names[0], "this file",
                "neither");
  for (const auto* name : names) {
    folder.fill();
    fs::remove(folder.path / name);
    check_message(message_of([&] { load_digits(folder.path); }), folder.path / name, "this file",
                  "neither");
    const mote_data variable(folder.path.c_str());
    check_message(message_of([] { load_digits(); }), folder.path / name, "this file", "neither");
  }
}

TEST_CASE("files that hold no digits are errors", "[hosted][mnist]") {
  const mnist_folder folder;
  folder.fill();
  const auto images = folder.path / names[2], labels = folder.path / names[3];
  const auto message = [&](const image_set& set) {
    write_idx(images, labels, set);
    return message_of([&] { load_digits(folder.path); });
  };
  check_message(message({28, 27, std::vector<std::uint8_t>(28 * 27), {0}}), images,
                "images of 28 x 28", "found 28 x 27");
  check_message(message({28, 28, {}, {}}), images, "at least one image", "none");
  const auto wrong = message({28, 28, std::vector<std::uint8_t>(3 * 784), {9, 10, 0}});
  check_message(wrong, labels, "labels from 0 to 9", "found 10");
  CHECK(wrong.find("at byte 9:") != std::string::npos);
}

TEST_CASE("a CSV file is split into six parts to train on and one to test", "[hosted][mnist]") {
  const mnist_folder folder;
  const auto path = folder.path / "train.csv";
  const auto set = draw_digits(22, 3);
  std::string text;
  for (std::size_t i = 0; i < set.size(); ++i) {
    text += std::to_string(set.labels[i]);
    for (const auto pixel : set.image(i))
      text += "," + std::to_string(pixel);
    text += "\n";
  }
  write_file(path, text);
  const auto data = load_digits(path);
  CHECK(data.name == "train.csv");
  CHECK(data.origin == path.string());
  CHECK(data.train.size() == 18); // 22 / 7 is 3 and a rest
  CHECK(data.test.size() == 4);
  auto pixels = data.train.pixels, labels = data.train.labels;
  pixels.insert(pixels.end(), data.test.pixels.begin(), data.test.pixels.end());
  labels.insert(labels.end(), data.test.labels.begin(), data.test.labels.end());
  CHECK(pixels == set.pixels);
  CHECK(labels == set.labels);
  const mote_data variable(path.c_str());
  CHECK(load_digits().origin == path.string());

  const auto compressed = folder.path / "train.csv.gz";
  write_gzip(compressed, read_file(path));
  CHECK(load_digits(compressed).test.pixels == data.test.pixels);
  CHECK(load_digits(compressed).name == "train.csv.gz");

  write_file(path, text.substr(0, text.find('\n') + 1));
  check_message(message_of([&] { load_digits(path); }), path, "at least two images", "one");
  write_file(path, text.substr(2, text.find('\n') - 1));
  check_message(message_of([&] { load_digits(path); }), path, "a label and 784 pixels in each line",
                "only the pixels");
  fs::remove(path);
  check_message(message_of([&] { load_digits(path); }), path, "a file that can be read", "No such");
}

TEST_CASE("MOTE_DATA names the folder, but an argument comes first", "[hosted][mnist]") {
  const mnist_folder named, given;
  named.fill(1);
  given.fill(5);
  const mote_data variable(named.path.c_str());
  CHECK(load_digits().origin == named.path.string());
  CHECK(load_digits(given.path).origin == given.path.string());
  CHECK(load_digits(given.path).train.pixels == draw_digits(20, 5).pixels);
}

TEST_CASE("the first folder with any file counts", "[hosted][mnist]") {
  const mnist_folder empty, full;
  full.fill();
  const std::array folders{empty.path, empty.path / "nowhere", full.path};
  CHECK(find_digits(folders).origin == full.path.string());

  SECTION("a part of MNIST is an error, not a reason to go on") {
    write_file(empty.path / "t10k-labels-idx1-ubyte.gz", "half a download");
    check_message(message_of([&] { find_digits(folders); }), empty.path / names[0], "this file");
  }
}

TEST_CASE("without a folder there are the built-in digits", "[hosted][mnist]") {
  const mnist_folder empty;
  const std::array folders{empty.path};
  const auto data = find_digits(folders, {300, 100});
  CHECK(data.name == "built-in digits");
  CHECK(data.origin == "seeds 60000 (train) and 10000 (test)");
  CHECK(data.train.size() == 300);
  CHECK(data.test.size() == 100);
  CHECK(data.train.pixels == draw_digits(300, 60'000).pixels);
  CHECK(data.test.pixels == draw_digits(100, 10'000).pixels);
  CHECK(digit_counts{}.train == 60'000);
  CHECK(digit_counts{}.test == 10'000);
}

TEST_CASE("an empty MOTE_DATA is as good as none", "[hosted][mnist]") {
  const mote_data variable("");
  CHECK_NOTHROW(load_digits(std::nullopt, {10, 10})); // not the current folder
}

TEST_CASE("MNIST itself has the known labels", "[hosted][mnist]") {
  const auto folder = real_mnist();
  if (!folder) {
    WARN("skipped: MNIST is neither where MOTE_DATA says nor in ../shared/mnist");
    return;
  }
  const auto data = load_digits(folder);
  CHECK(data.name == "MNIST");
  CHECK(per_class(data.train.labels) ==
        std::array{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949});
  CHECK(per_class(data.test.labels) ==
        std::array{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009});
  CHECK(first_ten(data.train.labels) == std::vector<std::uint8_t>{5, 0, 4, 1, 9, 2, 1, 3, 1, 4});
  CHECK(first_ten(data.test.labels) == std::vector<std::uint8_t>{7, 2, 1, 0, 4, 1, 4, 9, 5, 9});
  CHECK(data.train.size() == 60'000);
  CHECK(data.test.size() == 10'000);
}
