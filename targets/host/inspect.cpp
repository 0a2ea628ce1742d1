#include "commands.hpp"
#include "estimate.hpp"
#include "model_file.hpp"
#include "text.hpp"

#include <mote/mote.hpp>

#include <cstdio>
#include <string_view>

namespace mote::program {

namespace {

/// The measured network whose instructions per MAC say most about another one's.
template <class Net>
const char* nearest_measured() {
  bool is_convolution = false;
  bool is_depthwise = false;
  for (const auto& layer : report<Net>.layers) {
    const std::string_view name = layer.name;
    is_depthwise = is_depthwise || name.starts_with("depthwise");
    is_convolution = is_convolution || name.starts_with("conv");
  }
  return is_depthwise ? "depthwise" : is_convolution ? "lenet" : "mlp-784-100-10";
}

template <class Model>
void print_forms(const options& given) {
  using network = typename Model::network;
  std::printf("%s\n\nfloat:\n\n", hosted::type_name<network>().c_str());
  print_report<inference_network<network>, float>();
  constexpr const char* missing = layer_without_int8_form<network>();
  if constexpr (missing != nullptr) {
    std::printf("\nint8: not yet, for its layer %s has no int8 form\n", missing);
  } else {
    std::printf("\nint8:\n\n");
    print_report<quantized<network>, std::int8_t>();
    if (given.clock > 0.0)
      print_estimates(Model::name, nearest_measured<network>(), report<network, std::int8_t>.macs,
                      given.clock);
  }
  constexpr auto training_bytes = sizeof(
      trainer<network, softmax_cross_entropy, fused_update<momentum_sgd<float>>, Model::batch>);
  std::printf("\nTraining in batches of %zu with momentum takes %s bytes of RAM.\n", Model::batch,
              thousands(training_bytes).c_str());
}

} // namespace

int inspect(const options& given) {
  if (given.input.empty())
    return with_model(given.model, [&](auto model) {
      print_forms<typename decltype(model)::type>(given);
      return 0;
    });
  return with_model_file(given.input, [&](auto model, const hosted::tensor_file& file) {
    for (const auto& [key, value] : file.metadata)
      std::printf("%-20s %s\n", key.c_str(), value.c_str());
    std::printf("\n");
    print_forms<typename decltype(model)::type>(given);
    return 0;
  });
}

} // namespace mote::program
