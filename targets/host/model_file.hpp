// Model files: safetensors whose metadata say which network they belong to.
#pragma once

#include "models.hpp"

#include <mote/core/passes.hpp>
#include <mote/hosted/safetensors.hpp>
#include <mote/hosted/type_name.hpp>
#include <mote/quantization/quantize.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace mote::program {

/// The networks of one model in every form the program handles.
template <class Model>
struct forms {
  using trained = typename Model::network;
  using calibration = calibration_network<trained>;
  using quantized_twice = quantized<trained, rounding::twice>;
  using quantized_once = quantized<trained, rounding::once>;
};

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

/// Calls f.template operator()<Rounding>() for the rounding of that name.
template <class F>
int with_rounding(const std::string& name, F&& f) {
  if (name == rounding::twice::name)
    return f.template operator()<rounding::twice>();
  if (name == rounding::once::name)
    return f.template operator()<rounding::once>();
  throw std::runtime_error("there is no rounding '" + name + "'; known are: twice, once");
}

/// Reads a model file and calls f(hana type of its model, the file).
template <class F>
int with_model_file(const std::filesystem::path& path, F&& f) {
  const auto file = hosted::read_safetensors(path);
  return with_model(required(path, file, "model"), [&](auto model) { return f(model, file); });
}

} // namespace mote::program
