// Trains and runs the same networks with mote and with every library that is there, and prints the
// samples per second as a Markdown table. `--help` lists the options.
#include "contest.hpp"
#include "fma_peak.hpp"
#include "report.hpp"

#include <mote/hosted/file.hpp>
#include <mote/hosted/mnist.hpp>

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace bench {

// MOTE_HOST_PEERS is PEER(a) PEER(b) ... for the libraries that were found.
#define PEER(name) peer make_##name();
MOTE_HOST_PEERS
#undef PEER

namespace {

/// mote is the first.
std::vector<peer> all_libraries() {
  std::vector<peer> libraries;
#define PEER(name) libraries.push_back(make_##name());
  MOTE_HOST_PEERS
#undef PEER
  return libraries;
}

samples load(std::string& origin) {
  const auto data = mote::hosted::load_digits(std::nullopt, {6'000, 100});
  origin = data.name;
  samples result;
  result.labels = data.train.labels;
  result.images.reserve(data.train.pixels.size());
  for (const std::uint8_t pixel : data.train.pixels) {
    result.images.push_back(static_cast<float>(pixel) / 255.0f);
  }
  return result;
}

/// The geometric mean of the library's speeds, by which the best of its settings is chosen.
double score(const peer& library, const samples& data) {
  double sum = 0.0;
  for (const auto& work : workloads) {
    sum += std::log(samples_per_second(library, work, data, {3, 0.02}));
  }
  return std::exp(sum / static_cast<double>(workloads.size()));
}

constexpr auto this_program = "/proc/self/exe";

double score_in_child(const std::string& program, const std::string& library) {
  FILE* child = popen(("'" + program + "' --score '" + library + "' 2>/dev/null").c_str(), "r");
  double value = 0.0;
  const bool found = child != nullptr && std::fscanf(child, "%lf", &value) == 1;
  return child != nullptr && pclose(child) == 0 && found ? value : 0.0;
}

/// Sets the variables of the environment that libraries read when they are loaded, unless they are
/// set, each to the value with the best score, and starts this program anew. A value that the
/// machine cannot do ends its trial, not this program.
void choose_settings(const std::vector<peer>& libraries, char** arguments) {
  bool chose = false;
  char program[4096]{};
  if (readlink(this_program, program, sizeof program - 1) < 0) {
    return;
  }
  for (const auto& [name, version, train, infer, use_threads, choice] : libraries) {
    if (choice.values.empty() || std::getenv(choice.variable.c_str()) != nullptr) {
      continue;
    }
    std::string best_value;
    double best_score = -1.0;
    for (const auto& value : choice.values) {
      setenv(choice.variable.c_str(), value.c_str(), 1);
      const double reached = score_in_child(program, name);
      std::fprintf(stderr, "%s=%s: %.0f\n", choice.variable.c_str(), value.c_str(), reached);
      if (reached > best_score) {
        best_score = reached;
        best_value = value;
      }
    }
    setenv(choice.variable.c_str(), best_value.c_str(), 1);
    chose = true;
  }
  if (chose) {
    execv(program, arguments);
    throw std::runtime_error(std::string("host: cannot start ") + program + " again");
  }
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) {
      return line.substr(line.find(':') + 2);
    }
  }
  return "unknown processor";
}

std::string heading(const std::vector<peer>& libraries, const std::string& data,
                    const effort& effort) {
#ifdef __clang__
  const std::string compiler = __VERSION__;
#else
  const std::string compiler = "g++ " __VERSION__;
#endif
  char peak[32];
  std::snprintf(peak, sizeof peak, "%.0f", 1e-9 * fma_peak(0.2));
  std::string text =
      "# Training and inference on the host, samples per second\n\n"
      "`cmake --workflow --preset bench` writes this. Medians of " +
      std::to_string(effort.repetitions) +
      " measurements in turns, and how far the others are from them at most; the "
      "best peer is bold. One thread is measured by the processor's time, two by the "
      "clock, where others on the machine disturb more. "
      "All compute the same, checked before it is measured: softmax cross-entropy, "
      "plain SGD, float32, on " +
      data +
      ". A training step copies the batch in, goes forward and back and "
      "updates the weights; to infer, mote runs packed<inference_network<>>. "
      "Operations are counted as if the layers ran one by one and nothing "
      "were "
      "passed by; of several threads the peak is so many times that of one. The roofline is the "
      "less of what the multiply-adds and what the memory "
      "allow, where a sample is read from where all of them are, and the weights once a batch; to "
      "train, all of them are changed. What passes by zeros may be beyond it.\n\n- machine: " +
      processor() + ", " + std::to_string(std::thread::hardware_concurrency()) +
      " cores, vectors of " + std::to_string(8 * __BIGGEST_ALIGNMENT__) +
      " bits, peak of a core's fused multiply-adds " + peak +
      " GFLOP/s\n- compiler of mote and of what calls the others: " + compiler +
      ", -O3 -march=native\n";
  for (const auto& library : libraries) {
    text += "- " + library.name + " " + library.version + "\n";
  }
  return text + "\n";
}

int run(int argc, char** argv) {
  effort effort;
  int most_threads = 2;
  std::string json_path, markdown_path, network, scored;
  bool quick = false;
  CLI::App options("Training and inference with mote and with other libraries.");
  options.add_option("--repetitions", effort.repetitions, "measurements of each figure")
      ->check(CLI::PositiveNumber);
  options.add_option("--seconds", effort.seconds, "how long each of them takes")
      ->check(CLI::PositiveNumber);
  options.add_option("--threads", most_threads, "also measure with up to so many threads")
      ->check(CLI::PositiveNumber);
  options.add_option("--network", network, "measure only this network, as the table names it");
  options.add_option("--json", json_path, "write the figures to this file");
  options.add_option("--markdown", markdown_path, "write the table to this file");
  options.add_flag("--quick", quick, "only see that every library runs and computes the same");
  options.add_option("--score", scored, "print one figure for this library")->group("");
  CLI11_PARSE(options, argc, argv);

  const auto libraries = all_libraries();
  std::string origin;
  if (!scored.empty()) {
    const auto data = load(origin);
    for (const auto& library : libraries) {
      if (library.name == scored) {
        if (library.use_threads) {
          library.use_threads(1);
        }
        std::printf("%f\n", score(library, data));
      }
    }
    return 0;
  }
  if (quick) {
    effort = {1, 0.001};
    most_threads = 1;
  } else {
    choose_settings(libraries, argv);
  }
  const auto data = load(origin);
  std::vector<row> rows;
  for (int threads = 1; threads <= most_threads; ++threads) {
    for (const auto& work : workloads) {
      if (!network.empty() && network != work.network.name) {
        continue;
      }
      std::fprintf(stderr, "%s, batch %zu, %s, %d threads\n", work.network.name, work.batch,
                   work.direction(), threads);
      rows.push_back(compare(libraries, work, threads, data, effort));
    }
  }
  const auto table = heading(libraries, origin, effort) + markdown(rows, libraries);
  std::printf("%s", table.c_str());
  if (!json_path.empty()) {
    mote::hosted::write_file(json_path, json(rows));
  }
  if (!markdown_path.empty()) {
    mote::hosted::write_file(markdown_path, table);
  }
  return 0;
}

} // namespace

} // namespace bench

int main(int argc, char** argv) {
  try {
    return bench::run(argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_host: %s\n", failure.what());
    return 1;
  }
}
