#include "commands.hpp"
#include "model_file.hpp"
#include "text.hpp"

#include <mote/hosted/augment.hpp>
#include <mote/hosted/flush_denormals.hpp>
#include <mote/hosted/mnist.hpp>
#include <mote/hosted/parallel_trainer.hpp>
#include <mote/hosted/samples.hpp>
#include <mote/mote.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <numeric>
#include <span>
#include <stdexcept>
#include <vector>

namespace mote::program {

namespace {

using seconds = std::chrono::duration<double>;

/// What the lines of one training run have in common.
struct progress {
  std::size_t epochs;
  std::size_t samples_per_epoch;
  double training_seconds = 0.0;
  double elapsed_seconds = 0.0;

  void print(std::size_t epoch, const evaluation& trained, const evaluation& validated) const {
    const double rate = static_cast<double>(epoch * samples_per_epoch) / training_seconds;
    const double left =
        elapsed_seconds / static_cast<double>(epoch) * static_cast<double>(epochs - epoch);
    std::printf(
        "epoch %3zu/%zu  loss %.4f  train %s  validation %s  %10s samples/s  %4.0f s left\n", epoch,
        epochs, trained.loss(), percent(trained.accuracy()).c_str(),
        validated.samples == 0 ? "-" : percent(validated.accuracy()).c_str(),
        thousands(static_cast<std::uint64_t>(rate)).c_str(), left);
    std::fflush(stdout);
  }
};

/// Weights that are no numbers do not always show in the loss: a relu can hide them.
template <class Net>
bool all_finite(const parameters<Net>& weights) {
  bool finite = true;
  visit_tensors<Net>(
      [&](auto, const field&, const auto& tensor) {
        for (const float value : tensor.values)
          finite = finite && std::isfinite(value);
      },
      weights);
  return finite;
}

template <class Model>
constexpr recipe recipe_of(const options& given) {
  return given.augment ? Model::augmented : Model::recipe;
}

/// What an epoch trains on, images as they are or deformed. Every thread has an augmenter of its
/// own. One type for both, since the compiler makes an epoch of every model for each.
template <class Model>
struct epoch_samples {
  hosted::image_samples samples;
  bool augment;
  std::uint64_t seed; ///< of the deformations

  std::size_t size() const { return samples.size(); }
  std::uint8_t label(std::size_t index) const { return samples.label(index); }
  void copy_input(std::size_t index, std::span<float> target) const {
    if (!augment)
      return samples.copy_input(index, target);
    thread_local hosted::augmenter deform(Model::network::input, hosted::augmented_digits);
    hosted::augmented_samples{samples, deform, seed}.copy_input(index, target);
  }
};

/// A workspace of the trainer's type, so that there is only one for the compiler.
template <class Model>
using evaluation_memory =
    workspace<training_network<typename Model::network>, float, Model::batch, training>;

template <class Model, class Trainer>
progress run_epochs(Trainer& trainer, const options& given, hosted::image_samples training_samples,
                    hosted::image_samples validation_samples, evaluation_memory<Model>& memory) {
  const auto usual = recipe_of<Model>(given);
  const auto epochs = given.epochs != 0 ? given.epochs : usual.epochs;
  const auto rate = given.learning_rate != 0.0f ? given.learning_rate : usual.learning_rate;
  std::vector<std::uint32_t> order(training_samples.size());
  std::iota(order.begin(), order.end(), 0u);
  progress state{epochs, order.size()};
  const schedules::linear schedule{usual.warm_up};
  random_source deformations(given.seed);
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    const auto before = std::chrono::steady_clock::now();
    const auto set_rate = [&](std::size_t done) {
      const auto samples = static_cast<float>(epoch * order.size() + done);
      trainer.optimizer.learning_rate =
          rate * schedule(samples / static_cast<float>(epochs * order.size()));
    };
    const epoch_samples<Model> samples{training_samples, given.augment,
                                       std::uint64_t{deformations.bits()} << 32};
    const auto trained = trainer.epoch(samples, order, set_rate);
    if (!std::isfinite(trained.loss()) || !all_finite(trainer.parameters))
      throw std::runtime_error("the training diverged in epoch " + std::to_string(epoch + 1) +
                               ": the loss or a weight is infinite or no number; choose a "
                               "--learning-rate below " +
                               short_text(rate));
    state.training_seconds += seconds(std::chrono::steady_clock::now() - before).count();
    const auto validated = mote::evaluate(trainer.parameters, validation_samples, memory);
    state.elapsed_seconds = seconds(std::chrono::steady_clock::now() - start).count();
    state.print(epoch + 1, trained, validated);
  }
  return state;
}

template <class Model>
int train_model(const options& given) {
  using network = typename Model::network;
  const auto data = hosted::load_digits(given.data);
  std::printf("data: %s (%s), %s training and %s test images\n", data.name.c_str(),
              data.origin.c_str(), thousands(data.train.size()).c_str(),
              thousands(data.test.size()).c_str());

  const auto available =
      given.limit == 0 ? data.train.size() : std::min(given.limit, data.train.size());
  if (given.validation >= available)
    throw std::runtime_error("--validation " + std::to_string(given.validation) +
                             " leaves nothing to train on: there are " + std::to_string(available) +
                             " training images");
  const auto count = available - given.validation;
  std::printf("training %s, seed %llu, on %s images; %s held back for validation\n", Model::name,
              static_cast<unsigned long long>(given.seed), thousands(count).c_str(),
              thousands(given.validation).c_str());

  const hosted::flush_denormals without_denormals;
  using optimizer_type = fused_update<momentum_sgd<float>>;
  optimizer_type optimizer;
  optimizer.momentum = recipe_of<Model>(given).momentum;
  optimizer.weight_decay = recipe_of<Model>(given).weight_decay;
  const auto inputs =
      given.normalize ? hosted::normalization_of({data.train, 0, count}) : normalization{};
  const auto input = inputs.input_affine();
  if (given.normalize)
    std::printf("inputs: (pixel / 255 - %s) / %s\n", short_text(inputs.mean).c_str(),
                short_text(inputs.deviation).c_str());
  const hosted::image_samples training_samples{data.train, 0, count, input};
  const hosted::image_samples validation_samples{data.train, count, given.validation, input};
  const auto weights = std::make_unique<parameters<network>>();
  const auto memory = std::make_unique<evaluation_memory<Model>>();
  const auto train_with = [&](auto trainer) {
    const auto state =
        run_epochs<Model>(*trainer, given, training_samples, validation_samples, *memory);
    *weights = trainer->parameters;
    return state;
  };
  using loss = softmax_cross_entropy;
  using alone = trainer<network, loss, optimizer_type, Model::batch>;
  using parallel =
      hosted::parallel_trainer<network, loss, optimizer_type, Model::batch, most_threads>;
  const auto state =
      given.threads == 1
          ? train_with(std::make_unique<alone>(optimizer, given.seed))
          : train_with(std::make_unique<parallel>(optimizer, given.seed, given.threads));
  const auto validated = mote::evaluate(*weights, validation_samples, *memory);
  const auto tested = mote::evaluate(*weights, hosted::all_of(data.test, input), *memory);
  std::printf("test accuracy: %s, trained in %.1f s\n", percent(tested.accuracy()).c_str(),
              state.training_seconds);

  hosted::tensor_file file;
  hosted::add_parameters(file, *weights);
  file.metadata["model"] = Model::name;
  file.metadata["network"] = hosted::type_name<network>();
  file.metadata["dataset"] = data.name;
  file.metadata["seed"] = std::to_string(given.seed);
  file.metadata["epochs"] = std::to_string(state.epochs);
  file.metadata["validation_accuracy"] = percent(validated.accuracy());
  file.metadata["float_accuracy"] = percent(tested.accuracy());
  if (given.threads > 1)
    file.metadata["shards"] = std::to_string(most_threads);
  if (given.normalize)
    add_normalization(file, inputs);
  if (given.augment)
    file.metadata["augmentation"] = "digits";
  hosted::write_safetensors(given.output, file);
  std::printf("wrote %s\n", given.output.c_str());

  if (!given.json.empty()) {
    const auto& costs = report<network>;
    const nlohmann::ordered_json results{{"dataset", data.name},
                                         {"seed", given.seed},
                                         {"float_accuracy", tested.accuracy()},
                                         {"parameters", costs.parameters},
                                         {"macs", costs.macs},
                                         {"train_seconds", state.training_seconds}};
    hosted::write_file(given.json, results.dump(2) + "\n");
  }
  return 0;
}

} // namespace

int train(const options& given) {
  return with_model(given.model,
                    [&](auto model) { return train_model<typename decltype(model)::type>(given); });
}

} // namespace mote::program
