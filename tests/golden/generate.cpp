// Exports the models of models.hpp, and writes down what they answer: generate <folder>
#include "models.hpp"

#include <mote/hosted/file.hpp>
#include <mote/hosted/header_export.hpp>

#include <bit>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

namespace {

using namespace mote::hosted;

/// As bits, so that this file does not depend on the export's own way of writing numbers.
std::string outputs_text(const golden::real_outputs& real,
                         const golden::integer_outputs& integers) {
  std::string text = "#include <cstdint>\n\nnamespace expected {\n\n"
                     "inline constexpr std::uint32_t real_bits[] = {";
  for (const float value : real)
    text += std::to_string(std::bit_cast<std::uint32_t>(value)) + "u, ";
  text += "};\ninline constexpr int integers[] = {";
  for (const int value : integers)
    text += std::to_string(value) + ", ";
  return text + "};\n\n} // namespace expected\n";
}

header_text describe(const char* name) {
  return {name, {"made by a test"}, {"no", "\"quoted\"", "back\\slash"}};
}

void generate(const std::filesystem::path& folder) {
  using golden::rounding;
  using golden::trained;
  const auto real = golden::real_parameters();
  const auto integers = golden::integer_parameters();
  const auto scales = golden::scales();
  write_file(folder / "real.hpp", export_header<trained>(describe("real"), real));
  write_file(folder / "real_extremes.hpp",
             export_header<trained>(describe("real_extremes"), golden::extreme_parameters()));
  write_file(folder / "integer.hpp",
             export_header<trained, rounding>(describe("integer"), integers, scales));
  write_file(folder / "integer_extremes.hpp",
             export_header<trained, rounding>(describe("integer_extremes"),
                                              golden::extreme_integer_parameters(), scales));
  write_file(folder / "expected.hpp", outputs_text(golden::run(real), golden::run(integers)));
}

} // namespace

int main(int, char** arguments) {
  try {
    generate(arguments[1]);
    return 0;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
