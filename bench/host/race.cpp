// Seconds of one core from nothing to an accuracy, with each library on one recipe:
//
//   bench_race [--seeds 10] [--held-back] [--markdown FILE] [--recipe N --epochs N --rate X]
//              [--library NAME]
//
// The recipes were chosen with --held-back, which trains on the first 55,000 images and tests on
// the 5,000 after them; the test images were not looked at for that.
#include "learner.hpp"

#include <mote/hosted/file.hpp>
#include <mote/hosted/mnist.hpp>

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace bench {

namespace {

struct goal {
  const char* network;
  double accuracy;
  recipe how;
};

const std::vector<goal> goals{
    {"784-100-10", 0.9754, {architecture::mlp_784_100_10, 3, 0.6f}},
    {"784-100-10", 0.98, {architecture::mlp_784_100_10, 10, 0.5f}},
    {"LeNet", 0.99, {architecture::lenet, 6, 0.2f}},
};

labelled_images part(const mote::hosted::image_set& set, std::size_t first, std::size_t count) {
  labelled_images result;
  result.images.reserve(count * pixels);
  for (std::size_t i = first; i < first + count; ++i) {
    for (const std::uint8_t pixel : set.image(i)) {
      result.images.push_back(static_cast<float>(pixel) / 255.0f);
    }
    result.labels.push_back(set.labels[i]);
  }
  return result;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::string text(const char* format, double number) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, format, number);
  return buffer;
}

int run(int argc, char** argv) {
  std::uint64_t seeds = 10;
  bool held_back = false;
  std::string markdown_path, library;
  std::size_t only = 0, epochs = 0;
  float rate = 0.0f;
  CLI::App options("Seconds to an accuracy with mote and with other libraries.");
  options.add_option("--seeds", seeds, "trainings of each library")->check(CLI::PositiveNumber);
  options.add_flag("--held-back", held_back, "test on training images that were held back");
  options.add_option("--recipe", only, "only the recipe of this number, from 1");
  options.add_option("--epochs", epochs, "instead of the recipe's");
  options.add_option("--rate", rate, "instead of the recipe's");
  options.add_option("--library", library, "only this one, as the table names it");
  options.add_option("--markdown", markdown_path, "write the table to this file");
  CLI11_PARSE(options, argc, argv);

  const auto before = std::chrono::steady_clock::now();
  const auto data = mote::hosted::load_digits(std::nullopt);
  const std::size_t back = held_back ? 5'000 : 0;
  const auto train = part(data.train, 0, data.train.size() - back);
  const auto test = held_back ? part(data.train, data.train.size() - back, back)
                              : part(data.test, 0, data.test.size());
  const std::chrono::duration<double> loading = std::chrono::steady_clock::now() - before;

  std::vector<learner> learners{make_mote_sparse_learner(), make_mote_learner()};
#ifdef MOTE_BENCH_LIBTORCH
  learners.push_back(make_libtorch_learner());
#endif
  if (!library.empty()) {
    std::erase_if(learners, [&](const learner& one) { return one.name != library; });
  }
  std::string table =
      "| network | wanted | epochs, batch, rate | library | seeds that reach it | least, mean "
      "accuracy | "
      "seconds, median | slowest / this |\n|---|---:|---|---|---:|---:|---:|---:|\n";
  for (std::size_t number = 1; number <= goals.size(); ++number) {
    auto [network, wanted, how] = goals[number - 1];
    if (only != 0 && only != number) {
      continue;
    }
    how.epochs = epochs != 0 ? epochs : how.epochs;
    how.rate = rate > 0.0f ? rate : how.rate;
    // In turns, for others use the machine too.
    std::vector<std::vector<double>> seconds(learners.size()), accuracies(learners.size());
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      for (std::size_t i = 0; i < learners.size(); ++i) {
        double taken = 0.0;
        const double reached = learners[i].run(how, seed, train, test, taken);
        if (reached >= 0.0) {
          seconds[i].push_back(taken);
          accuracies[i].push_back(reached);
        }
      }
    }
    double slowest = 0.0;
    for (const auto& of_one : seconds) {
      slowest = of_one.empty() ? slowest : std::max(slowest, median(of_one));
    }
    for (std::size_t i = 0; i < learners.size(); ++i) {
      if (seconds[i].empty()) {
        continue;
      }
      const auto reached =
          std::ranges::count_if(accuracies[i], [&](double a) { return a >= wanted; });
      double sum = 0.0;
      for (const double accuracy : accuracies[i]) {
        sum += accuracy;
      }
      const double middle = median(seconds[i]);
      table += std::string("| ") + network + " | " + text("%.2f %%", 100.0 * wanted) + " | " +
               std::to_string(how.epochs) + ", " + std::to_string(recipe_batch) + ", " +
               text("%g", static_cast<double>(how.rate)) + " | " + learners[i].name + " | " +
               std::to_string(reached) + " of " + std::to_string(seeds) + " | " +
               text("%.2f, ", 100.0 * std::ranges::min(accuracies[i])) +
               text("%.2f %%", 100.0 * sum / static_cast<double>(seeds)) + " | " +
               text("%.3f", middle) + " | " + text("%.1f", slowest / middle) + " |\n";
    }
  }
  const std::string title =
      "# Seconds of one core to an accuracy\n\n`cmake --workflow --preset bench` writes this. "
      "Plain SGD "
      "whose rate falls linearly to 0, each library with its own way to draw weights; training, "
      "shuffling and copying of batches, not the loading of the data (" +
      text("%.2f", loading.count()) + " s). Data: " + data.name +
      (held_back ? ", 5,000 training images held back to test on" : "") + ".\n\n";
  std::printf("%s%s", title.c_str(), table.c_str());
  if (!markdown_path.empty()) {
    mote::hosted::write_file(markdown_path, title + table);
  }
  return 0;
}

} // namespace

} // namespace bench

int main(int argc, char** argv) {
  // libtorch goes backwards in a thread that set_num_threads does not reach; OpenMP reads this when
  // it is loaded.
  if (setenv("OMP_NUM_THREADS", "1", 0) == 0 && std::getenv("BENCH_RACE_STARTED") == nullptr) {
    setenv("BENCH_RACE_STARTED", "1", 1);
    execv("/proc/self/exe", argv);
  }
  try {
    return bench::run(argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_race: %s\n", failure.what());
    return 1;
  }
}
