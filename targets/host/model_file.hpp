// Model files: safetensors whose metadata say which network they belong to.
#pragma once

#include "models.hpp"
#include "text.hpp"

#include <mote/core/passes.hpp>
#include <mote/hosted/safetensors.hpp>
#include <mote/hosted/samples.hpp>
#include <mote/hosted/type_name.hpp>
#include <mote/quantization/normalization.hpp>
#include <mote/quantization/quantize.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace mote::program {

/// The name of the first layer that has no int8 form, or nullptr: then there is `quantized<Net>`.
template <class Net>
constexpr const char* layer_without_int8_form() {
  using network = calibration_network<Net>;
  const char* name = nullptr;
  for_each_index<network::size>([&](auto index) {
    using layer = typename network::template layer<index>;
    if (std::is_same_v<typename layer::template quantized<rounding::twice>, no_int8_form> &&
        name == nullptr)
      name = layer::name;
  });
  return name;
}

inline const std::string& required(const std::filesystem::path& path,
                                   const hosted::tensor_file& file, const std::string& key) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end())
    throw hosted::error(path, "metadata '" + key + "'", "none",
                        "Name a file made by mote train or mote quantize");
  return found->second;
}

inline bool is_quantized(const hosted::tensor_file& file) {
  return file.metadata.contains("rounding");
}

inline void add_normalization(hosted::tensor_file& file, const normalization& inputs) {
  file.metadata["input_mean"] = short_text(inputs.mean);
  file.metadata["input_deviation"] = short_text(inputs.deviation);
}

/// How the model's inputs were normalized; not at all, if the file does not say.
inline normalization load_normalization(const std::filesystem::path& path,
                                        const hosted::tensor_file& file) {
  if (!file.metadata.contains("input_mean") && !file.metadata.contains("input_deviation"))
    return {};
  const auto number = [&](const char* key) {
    const auto& text = required(path, file, key);
    const char* const end = text.data() + text.size();
    float value = 0.0f;
    const auto [stop, problem] = std::from_chars(text.data(), end, value);
    return problem == std::errc{} && stop == end ? value : std::numeric_limits<float>::quiet_NaN();
  };
  const normalization inputs{number("input_mean"), number("input_deviation")};
  if (!inputs.is_exact())
    throw hosted::error(path, "an input_mean of k / 255 and an input_deviation above 0",
                        file.metadata.at("input_mean") + " and " +
                            file.metadata.at("input_deviation"),
                        "Name a file made by mote train or mote quantize");
  return inputs;
}

template <class Model>
std::unique_ptr<parameters<typename Model::network>> load_trained(const std::filesystem::path& path,
                                                                  const hosted::tensor_file& file) {
  auto weights = std::make_unique<parameters<typename Model::network>>();
  hosted::copy_parameters(path, file, *weights);
  return weights;
}

/// A quantized model: parameters, and what its integers mean.
template <class Quantized>
struct quantized_model {
  parameters<Quantized> weights{};
  activation_scales<Quantized> scales{};
};

template <class Quantized>
void add_quantized(hosted::tensor_file& file, const quantized_model<Quantized>& model) {
  hosted::add_parameters(file, model.weights);
  std::array<float, Quantized::size + 1> scales{};
  std::array<std::int32_t, Quantized::size + 1> zero_points{};
  for (std::size_t i = 0; i < scales.size(); ++i) {
    scales[i] = model.scales[i].scale;
    zero_points[i] = model.scales[i].zero_point;
  }
  file.add("activation_scales", std::span(std::as_const(scales)), {scales.size()});
  file.add("activation_zero_points", std::span(std::as_const(zero_points)), {zero_points.size()});
}

template <class Quantized>
std::unique_ptr<quantized_model<Quantized>> load_quantized(const std::filesystem::path& path,
                                                           const hosted::tensor_file& file) {
  auto model = std::make_unique<quantized_model<Quantized>>();
  hosted::copy_parameters(path, file, model->weights);
  std::array<float, Quantized::size + 1> scales{};
  std::array<std::int32_t, Quantized::size + 1> zero_points{};
  file.copy_to(path, "activation_scales", std::span(scales), {scales.size()});
  file.copy_to(path, "activation_zero_points", std::span(zero_points), {zero_points.size()});
  for (std::size_t i = 0; i < scales.size(); ++i)
    model->scales[i] = {scales[i], zero_points[i]};
  return model;
}

/// Calls f.template operator()<Rounding>() for the rounding of that name. Throws when there is none
/// or when the model has no integer form.
template <class Model, class F>
int with_rounding(const std::string& name, F&& f) {
  constexpr const char* missing = layer_without_int8_form<typename Model::network>();
  if constexpr (missing != nullptr) {
    throw std::runtime_error(std::string("the model ") + Model::name +
                             " cannot be quantized yet: its layer " + missing +
                             " has no int8 form");
  } else {
    if (name == rounding::twice::name)
      return f.template operator()<rounding::twice>();
    if (name == rounding::once::name)
      return f.template operator()<rounding::once>();
    throw std::runtime_error("there is no rounding '" + name + "'; known are: twice, once");
  }
}

/// Reads a model file and calls f(hana type of its model, the file).
template <class F>
int with_model_file(const std::filesystem::path& path, F&& f) {
  const auto file = hosted::read_safetensors(path);
  return with_model(required(path, file, "model"), [&](auto model) { return f(model, file); });
}

} // namespace mote::program
