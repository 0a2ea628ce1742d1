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
#include <string>
#include <string_view>

namespace mote::program {

namespace {

/// What no struct in a header can be called: the words of C++20, and what the header itself names.
constexpr std::string_view taken_words =
    " alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t "
    "char16_t char32_t class compl concept const consteval constexpr constinit const_cast "
    "continue co_await co_return co_yield decltype default delete do double dynamic_cast "
    "else enum explicit export extern false float for friend goto if inline int long mutable "
    "namespace new noexcept not not_eq nullptr operator or or_eq private protected public "
    "register reinterpret_cast requires return short signed sizeof static static_assert "
    "static_cast struct switch template this thread_local throw true try typedef typeid "
    "typename union unsigned using virtual void volatile wchar_t while xor xor_eq mote std "
    "boost network trained_network parameters scales class_names crc32 ";

/// What becomes part of the program text must be a name.
void check_identifier(const std::string& name) {
  const auto is_part = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0 ||
      !std::all_of(name.begin(), name.end(), is_part))
    throw std::runtime_error("--name '" + name + "' is not a C++ identifier");
  if (taken_words.find(" " + name + " ") != std::string_view::npos)
    throw std::runtime_error("--name '" + name + "' already means something in the header");
}

hosted::header_text describe(const options& given, const hosted::tensor_file& file) {
  const auto word = [&](const char* key) { return required(given.input, file, key); };
  hosted::header_text text;
  text.name = given.name;
  text.comments = {"model: " + word("model") + (is_quantized(file) ? ", int8" : ", float"),
                   "trained on: " + word("dataset") + ", " + word("epochs") + " epochs, seed " +
                       word("seed")};
  if (load_normalization(given.input, file) != normalization{})
    text.comments.push_back("input: (pixel / 255 - " + word("input_mean") + ") / " +
                            word("input_deviation") +
                            (is_quantized(file) ? ", which the code pixel - 128 stands for" : ""));
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
    const auto write = [&](auto make_header) {
      std::string header;
      try {
        header = make_header();
      } catch (const hosted::error& problem) { // which knows no file
        throw std::runtime_error(given.input.string() + ": " + problem.what());
      }
      hosted::write_file(given.output, header);
      std::printf("wrote %s\n", given.output.c_str());
      return 0;
    };
    if (!is_quantized(file)) {
      const auto weights = std::make_unique<parameters<inference_network<network>>>();
      to_inference(*load_trained<model_type>(given.input, file), *weights);
      return write([&] { return hosted::export_header<network>(text, *weights); });
    }
    return with_rounding<model_type>(
        required(given.input, file, "rounding"), [&]<class Rounding>() {
          const auto integer = load_quantized<quantized<network, Rounding>>(given.input, file);
          return write([&] {
            return hosted::export_header<network, Rounding>(text, integer->weights,
                                                            integer->scales);
          });
        });
  });
}

} // namespace mote::program
