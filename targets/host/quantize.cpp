#include "commands.hpp"
#include "model_file.hpp"
#include "text.hpp"

#include <mote/hosted/mnist.hpp>
#include <mote/hosted/samples.hpp>
#include <mote/mote.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace mote::program {

namespace {

/// The ranges of the activations over the first images of the training set.
template <class Model>
activation_ranges<typename Model::network>
see_ranges(const parameters<calibration_network<typename Model::network>>& weights,
           hosted::image_samples samples) {
  constexpr std::size_t batch = 64;
  const auto memory =
      std::make_unique<workspace<calibration_network<typename Model::network>, float, batch>>();
  activation_ranges<typename Model::network> ranges{};
  for (std::size_t first = 0; first < samples.size(); first += batch) {
    const auto rows = std::min(batch, samples.size() - first);
    for (std::size_t row = 0; row < rows; ++row)
      samples.copy_input(first + row, memory->input()[row]);
    calibrate<typename Model::network>(weights, *memory, ranges, rows);
  }
  return ranges;
}

template <class Model, class Rounding>
int quantize_model(const options& given, const hosted::tensor_file& trained_file) {
  using network = typename Model::network;
  using integer_network = quantized<network, Rounding>;
  const auto trained = load_trained<Model>(given.input, trained_file);
  const auto input = load_normalization(given.input, trained_file).input_affine();
  const auto data = hosted::load_digits(given.data);
  std::printf("data: %s (%s)\n", data.name.c_str(), data.origin.c_str());
  if (const auto& before = required(given.input, trained_file, "dataset"); before != data.name)
    throw std::runtime_error(given.input.string() + " was trained on " + before +
                             " but the data here are " + data.name +
                             "; choose the data with --data or MOTE_DATA");

  const auto real = std::make_unique<parameters<calibration_network<network>>>();
  to_calibration(*trained, *real);
  const hosted::image_samples sample{data.train, 0, std::min(given.calibration, data.train.size()),
                                     input};
  const auto ranges = see_ranges<Model>(*real, sample);
  const auto model = std::make_unique<quantized_model<integer_network>>();
  model->scales = choose_scales<integer_network>(ranges, input);
  mote::quantize(*real, model->scales, model->weights);

  const auto real_memory = std::make_unique<workspace<training_network<network>, float, 64>>();
  const auto integer_memory = std::make_unique<workspace<integer_network>>();
  const auto real_result = mote::evaluate(*trained, hosted::all_of(data.test, input), *real_memory);
  const auto integer_result =
      mote::evaluate(model->weights, hosted::all_of(data.test, input), *integer_memory);

  const auto& real_costs = report<inference_network<network>>;
  const auto& costs = report<integer_network>;
  std::printf("calibrated on %s training images, rounding %s\n\n", thousands(sample.size()).c_str(),
              Rounding::name);
  print_table(
      {{"", "float", "int8"},
       {"test accuracy", percent(real_result.accuracy()), percent(integer_result.accuracy())},
       {"flash bytes (weights)", thousands(real_costs.flash_bytes), thousands(costs.flash_bytes)},
       {"RAM bytes", thousands(real_costs.ram_bytes), thousands(costs.ram_bytes)}});
  std::printf("\n");
  print_report<integer_network, std::int8_t>();

  hosted::tensor_file file;
  file.metadata = trained_file.metadata;
  file.metadata["rounding"] = Rounding::name;
  file.metadata["calibration_images"] = std::to_string(sample.size());
  file.metadata["float_accuracy"] = percent(real_result.accuracy());
  file.metadata["int8_accuracy"] = percent(integer_result.accuracy());
  add_quantized(file, *model);
  hosted::write_safetensors(given.output, file);
  std::printf("\nwrote %s\n", given.output.c_str());

  if (!given.json.empty()) {
    const nlohmann::ordered_json results{{"int8_accuracy", integer_result.accuracy()},
                                         {"flash_bytes", costs.flash_bytes},
                                         {"ram_bytes", costs.ram_bytes}};
    hosted::write_file(given.json, results.dump(2) + "\n");
  }
  return 0;
}

} // namespace

int quantize(const options& given) {
  return with_model_file(given.input, [&](auto model, const hosted::tensor_file& file) {
    if (is_quantized(file))
      throw hosted::error(given.input, "a trained model", "a model that is quantized already",
                          "Name a file made by mote train");
    using model_type = typename decltype(model)::type;
    return with_rounding<model_type>(given.rounding, [&]<class Rounding>() {
      return quantize_model<model_type, Rounding>(given, file);
    });
  });
}

} // namespace mote::program
