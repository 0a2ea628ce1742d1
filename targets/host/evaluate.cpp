#include "commands.hpp"
#include "model_file.hpp"
#include "text.hpp"

#include <mote/hosted/mnist.hpp>
#include <mote/hosted/samples.hpp>
#include <mote/mote.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <type_traits>
#include <vector>

namespace mote::program {

namespace {

/// Runs the network over all samples and returns its outputs, one after the other, as bytes.
template <class Net, class T>
std::vector<std::uint8_t> all_outputs(const parameters<Net, T>& weights,
                                      hosted::image_samples samples) {
  const auto memory = std::make_unique<workspace<Net, T>>();
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples.copy_input(i, memory->input()[0]);
    const auto output = forward(weights, *memory).elements();
    const auto* first = reinterpret_cast<const std::uint8_t*>(output.data());
    bytes.insert(bytes.end(), first, first + output.size_bytes());
  }
  return bytes;
}

template <class Net, class T>
int evaluate_network(const options& given, const parameters<Net, T>& weights, const affine& input) {
  const auto data = hosted::load_digits(given.data);
  std::printf("data: %s (%s)\n", data.name.c_str(), data.origin.c_str());
  const auto samples = hosted::all_of(data.test, input);
  // As the trainer runs it: rounding must not tell the two apart.
  const auto memory = std::make_unique<workspace<training_network<Net>, T, 64>>();
  const auto result = mote::evaluate(weights, samples, *memory);
  std::printf("%s test accuracy: %s (%s of %s)\n", std::is_same_v<T, float> ? "float" : "int8",
              percent(result.accuracy()).c_str(), thousands(result.correct).c_str(),
              thousands(result.samples).c_str());
  if (!given.images.empty())
    hosted::write_file(given.images, data.test.pixels);
  if (!given.logits.empty())
    hosted::write_file(given.logits, all_outputs(weights, samples));
  return 0;
}

} // namespace

int evaluate(const options& given) {
  return with_model_file(given.input, [&](auto model, const hosted::tensor_file& file) {
    using model_type = typename decltype(model)::type;
    const auto input = load_normalization(given.input, file).input_affine();
    if (!is_quantized(file))
      return evaluate_network(given, *load_trained<model_type>(given.input, file), input);
    return with_rounding<model_type>(
        required(given.input, file, "rounding"), [&]<class Rounding>() {
          using integer_network = quantized<typename model_type::network, Rounding>;
          return evaluate_network(
              given, load_quantized<integer_network>(given.input, file)->weights, input);
        });
  });
}

} // namespace mote::program
