// mote: trains, evaluates, quantizes, exports and inspects small networks on the host.
#include "commands.hpp"
#include "models.hpp"

#include <mote/hosted/file.hpp>

#include <CLI/CLI.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>

namespace {

using mote::program::options;

/// Checks in words of our own. CLI11 would make a very large number of -1.
CLI::Validator whole_number(std::uint64_t lowest) {
  const auto check = [lowest](const std::string& text) -> std::string {
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed == std::errc{} && end == text.data() + text.size() && value >= lowest)
      return "";
    return "expected a whole number of at least " + std::to_string(lowest) + ", found " + text;
  };
  return {check, "UINT", "whole number"};
}

CLI::Validator positive_number() {
  const auto check = [](const std::string& text) -> std::string {
    float value = 0.0f;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed == std::errc{} && end == text.data() + text.size() && value > 0.0f &&
        std::isfinite(value))
      return "";
    return "expected a number above 0, found " + text;
  };
  return {check, "FLOAT", "positive number"};
}

void add_data(CLI::App& command, options& given) {
  command.add_option(
      "--data", given.data,
      "folder with the four IDX files of MNIST, or a CSV file in Kaggle's form, whose last seventh "
      "is for testing (default: MOTE_DATA, ../shared/mnist, a download, else the built-in digits)");
}

void add_input(CLI::App& command, options& given) {
  command.add_option("file", given.input, "model file")->required();
}

void add_json(CLI::App& command, options& given) {
  command.add_option("--json", given.json, "also write the results to this file");
}

} // namespace

int main(int argc, char** argv) {
  CLI::App program{"Small neural networks, from training to firmware"};
  program.require_subcommand(0, 1); // not 1: CLI11 would not say which word is no subcommand
  options given;
  int (*chosen)(const options&) = nullptr;
  const char* default_output = "";
  const auto command = [&](const char* name, const char* text, int (*run)(const options&),
                           const char* output = "") -> CLI::App& {
    auto& added = *program.add_subcommand(name, text);
    added.callback([&, run, output] {
      chosen = run;
      default_output = output;
    });
    if (*output != '\0') // CLI11's own default would be set for all subcommands at once
      added.add_option("-o,--output", given.output, "file to write")->default_str(output);
    return added;
  };

  auto& train = command("train", "train a model and keep its float parameters",
                        mote::program::train, "model.safetensors");
  train.add_option("--model", given.model, "one of " + mote::program::known_model_names())
      ->capture_default_str();
  train.add_option("--seed", given.seed, "of weights, order and dropout")
      ->check(whole_number(0))
      ->capture_default_str();
  train
      .add_option("--threads", given.threads,
                  "2 to 4 give other weights than 1, but all of them the same")
      ->check(whole_number(1))
      ->capture_default_str();
  train.add_option("--epochs", given.epochs, "default: the model's recipe")->check(whole_number(1));
  train.add_option("--learning-rate", given.learning_rate, "default: the model's recipe")
      ->check(positive_number());
  train.add_flag("--normalize", given.normalize, "inputs of mean 0 and deviation 1");
  train.add_flag("--augment", given.augment,
                 "shift, turn, scale and bend the training images, anew in each epoch");
  train.add_option("--validation", given.validation, "training images held back")
      ->check(whole_number(0))
      ->capture_default_str();
  train.add_option("--limit", given.limit, "use only the first so many training images")
      ->check(whole_number(1));
  add_data(train, given);
  add_json(train, given);

  auto& evaluate =
      command("evaluate", "accuracy of a model file on the test images", mote::program::evaluate);
  add_input(evaluate, given);
  add_data(evaluate, given);
  evaluate.add_option("--logits", given.logits, "also write all outputs to this file, raw");
  evaluate.add_option("--images", given.images, "also write the test images to this file, raw");

  auto& quantize = command("quantize", "turn a trained model into integers",
                           mote::program::quantize, "model-int8.safetensors");
  add_input(quantize, given);
  quantize.add_option("--calibration", given.calibration, "training images that show the ranges")
      ->check(whole_number(1))
      ->capture_default_str();
  quantize.add_option("--rounding", given.rounding, "twice (TensorFlow Lite's default) or once")
      ->capture_default_str();
  add_data(quantize, given);
  add_json(quantize, given);

  auto& exporting = command("export", "write a model file as a C++ header",
                            mote::program::export_header, "digits.hpp");
  add_input(exporting, given);
  exporting.add_option("--name", given.name, "of the struct in the header")->capture_default_str();

  auto& inspect = command("inspect", "cost of each layer", mote::program::inspect);
  inspect.add_option("file", given.input, "model file");
  inspect.add_option("--model", given.model,
                     "instead of a file: one of " + mote::program::known_model_names());
  inspect
      .add_option("--clock", given.clock,
                  "also estimate the time on microcontrollers at so many megahertz")
      ->check(positive_number());

  try {
    program.parse(argc, argv);
    if (chosen == nullptr)
      throw CLI::RequiredError("A subcommand");
    if (given.output.empty())
      given.output = default_output;
    // Before the work, which may take minutes, and so that all results are written or none.
    for (const auto& path : {given.output, given.json, given.logits, given.images})
      if (!path.empty())
        mote::hosted::check_can_write(path);
    return chosen(given);
  } catch (const CLI::Success& help) {
    return program.exit(help);
  } catch (const CLI::ParseError& problem) {
    std::fprintf(stderr, "mote: %s (mote --help says what is)\n", problem.what());
    return 2;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "mote: %s\n", problem.what());
    return 1;
  }
}
