#include "commands.hpp"
#include "model_file.hpp"

#include <mote/hosted/file.hpp>
#include <mote/hosted/header_export.hpp>
#include <mote/mote.hpp>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <memory>
#include <stdexcept>

namespace mote::program {

namespace {

/// What becomes part of the program text must be a name.
void check_identifier(const std::string& name) {
  const auto is_part = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0 ||
      !std::all_of(name.begin(), name.end(), is_part))
    throw std::runtime_error("--name " + name + " is not a C++ identifier");
}

hosted::header_text describe(const options& given, const hosted::tensor_file& file) {
  const auto word = [&](const char* key) { return required(given.input, file, key); };
  hosted::header_text text;
  text.name = given.name;
  text.comments = {"model: " + word("model") + (is_quantized(file) ? ", int8" : ", float"),
                   "trained on: " + word("dataset") + ", " + word("epochs") + " epochs, seed " +
                       word("seed")};
  auto scores = "test accuracy: " + word("float_accuracy") + " in float";
  if (is_quantized(file))
    scores += ", " + word("int8_accuracy") + " in int8 (calibrated on " +
              word("calibration_images") + " images)";
  text.comments.push_back(scores);
  text.class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  return text;
}

} // namespace

int export_header(const options& given) {
  check_identifier(given.name);
  return with_model_file(given.input, [&](auto model, const hosted::tensor_file& file) {
    using model_type = typename decltype(model)::type;
    using network = typename model_type::network;
    const auto text = describe(given, file);
    const auto write = [&](const std::string& header) {
      hosted::write_file(given.output, header);
      std::printf("wrote %s\n", given.output.c_str());
      return 0;
    };
    if (!is_quantized(file)) {
      const auto weights = std::make_unique<parameters<inference_network<network>>>();
      to_inference(*load_trained<model_type>(given.input, file), *weights);
      return write(hosted::export_header<network>(text, *weights));
    }
    return with_rounding(required(given.input, file, "rounding"), [&]<class Rounding>() {
      const auto integer = load_quantized<quantized<network, Rounding>>(given.input, file);
      return write(
          hosted::export_header<network, Rounding>(text, integer->weights, integer->scales));
    });
  });
}

} // namespace mote::program
