// mote: trains, evaluates, quantizes, exports and inspects small networks on the host.
#include "commands.hpp"
#include "models.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

namespace {

using mote::program::options;

void add_data(CLI::App& command, options& given) {
  command.add_option(
      "--data", given.data,
      "folder with the four IDX files of MNIST (default: MOTE_DATA, ../shared/mnist, a download, "
      "else the built-in digits)");
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
  program.require_subcommand(1);
  options given;
  int (*chosen)(const options&) = nullptr;
  const auto command = [&](const char* name, const char* text,
                           int (*run)(const options&)) -> CLI::App& {
    auto& added = *program.add_subcommand(name, text);
    added.callback([&chosen, run] { chosen = run; });
    return added;
  };

  auto& train =
      command("train", "train a model and keep its float parameters", mote::program::train);
  train.add_option("--model", given.model, "one of " + mote::program::known_model_names())
      ->capture_default_str();
  train.add_option("-o,--output", given.output, "file to write")->default_val("model.safetensors");
  train.add_option("--seed", given.seed, "of weights, order and dropout")->capture_default_str();
  train.add_option("--epochs", given.epochs, "default: the model's recipe");
  train.add_option("--learning-rate", given.learning_rate, "default: the model's recipe")
      ->check(CLI::PositiveNumber);
  train.add_option("--validation", given.validation, "training images held back")
      ->capture_default_str();
  train.add_option("--limit", given.limit, "use only the first so many training images");
  add_data(train, given);
  add_json(train, given);

  auto& evaluate =
      command("evaluate", "accuracy of a model file on the test images", mote::program::evaluate);
  add_input(evaluate, given);
  add_data(evaluate, given);
  evaluate.add_option("--logits", given.logits, "also write all outputs to this file, raw");
  evaluate.add_option("--images", given.images, "also write the test images to this file, raw");

  auto& quantize =
      command("quantize", "turn a trained model into integers", mote::program::quantize);
  add_input(quantize, given);
  quantize.add_option("-o,--output", given.output, "file to write")
      ->default_val("model-int8.safetensors");
  quantize.add_option("--calibration", given.calibration, "training images that show the ranges")
      ->capture_default_str();
  quantize.add_option("--rounding", given.rounding, "twice (TensorFlow Lite's default) or once")
      ->capture_default_str();
  add_data(quantize, given);
  add_json(quantize, given);

  auto& exporting =
      command("export", "write a model file as a C++ header", mote::program::export_header);
  add_input(exporting, given);
  exporting.add_option("-o,--output", given.output, "header to write")->default_val("digits.hpp");
  exporting.add_option("--name", given.name, "of the struct in the header")->capture_default_str();

  auto& inspect = command("inspect", "cost of each layer", mote::program::inspect);
  inspect.add_option("file", given.input, "model file");
  inspect.add_option("--model", given.model,
                     "instead of a file: one of " + mote::program::known_model_names());

  CLI11_PARSE(program, argc, argv);
  try {
    return chosen(given);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "mote: %s\n", problem.what());
    return 1;
  }
}
