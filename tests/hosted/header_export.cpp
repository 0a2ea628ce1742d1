#include <mote/hosted/header_export.hpp>
#include <mote/mote.hpp>

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <sstream>
#include <string>

#include "../catch.hpp"
#include "scratch.hpp"

// What a compiler makes of exported headers is tested in ../golden.

namespace {

using namespace hosted_test;
using namespace mote::hosted;
using export_detail::literal;

using network = mote::network<mote::input<3>, mote::dense<2>, mote::relu, mote::dense<1>>;
using limits = std::numeric_limits<float>;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

mote::parameters<mote::inference_network<network>> some_weights() {
  mote::parameters<mote::inference_network<network>> weights{};
  mote::get<0>(weights).weights.values = {1.0f, -0.5f, 0.1f, 3e-39f, -0.0f, 16777216.0f};
  mote::get<0>(weights).bias.values = {limits::max(), limits::denorm_min()};
  mote::get<1>(weights).weights.values = {0.25f, -1e30f};
  mote::get<1>(weights).bias.values = {7.0f};
  return weights;
}

} // namespace

TEST_CASE("literals of real numbers are short and exact", "[hosted][header_export]") {
  CHECK(literal(0.1f) == "0.1f");
  CHECK(literal(1.0f) == "1.0f");
  CHECK(literal(-0.0f) == "-0.0f");
  CHECK(literal(1e30f) == "1e+30f");
  CHECK(literal(limits::denorm_min()) == "1e-45f");
  CHECK(literal(0.1) == "0.1");
  CHECK(literal(2.0) == "2.0");
  mote::random_source random(1);
  for (int i = 0; i < 100'000; ++i) {
    const auto value = std::bit_cast<float>(random.bits());
    if (value != value || value - value != 0.0f)
      continue;
    const auto text = literal(value);
    float read = 0.0f;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), read).ptr;
    const bool exact = std::bit_cast<std::uint32_t>(read) == std::bit_cast<std::uint32_t>(value) &&
                       std::string(end) == "f" && text.find_first_of(".e") != std::string::npos;
    if (!exact) {
      INFO(text);
      CHECK(exact);
    }
  }
}

TEST_CASE("literals of integers fit their type", "[hosted][header_export]") {
  CHECK(literal(std::int8_t{-128}) == "-128");
  CHECK(literal(std::int8_t{65}) == "65"); // a number, not a letter
  CHECK(literal(std::int32_t{2147483647}) == "2147483647");
  CHECK(literal(std::numeric_limits<std::int32_t>::min()) == "-2147483647 - 1");
}

TEST_CASE("a header says what it is", "[hosted][header_export]") {
  const auto weights = some_weights();
  const auto text = export_header<network>({"tiny", {"by a test"}, {"one"}}, weights);
  CHECK(text.find(
            "// Made by mote; do not edit.\n//\n// by a test\n// 11 parameters, 8 multiply-") == 0);
  CHECK(contains(text, "#pragma once\n\n#include <mote/mote.hpp>\n"));
  CHECK(
      contains(text, "\nstruct tiny {\n  using trained_network = mote::network<mote::input<3>, "));
  CHECK(contains(text, "using network = mote::inference_network<trained_network>;"));
  CHECK(contains(text, "std::array<const char*, 1> class_names{\"one\"};"));
  CHECK(contains(text, "mote::parameters<network, float> parameters{{"));
  CHECK(contains(text, "              1.0f, -0.5f, 0.1f, 3e-39f, -0.0f, 16777216.0f,\n"));
  CHECK(contains(text, ".bias = {{{3.4028235e+38f, 1e-45f}}},"));
  std::uint32_t sum = 0;
  const auto at = text.find("crc32 = 0x") + 10;
  CHECK(std::from_chars(text.data() + at, text.data() + at + 8, sum, 16).ptr ==
        text.data() + at + 8);
  CHECK(sum == mote::checksum(weights));
  CHECK_FALSE(contains(export_header<network>({"tiny", {}, {}}, weights), "class_names"));
}

TEST_CASE("a header of real numbers in double says so", "[hosted][header_export]") {
  mote::parameters<mote::inference_network<network>, double> weights{};
  mote::get<1>(weights).bias[0] = 0.1;
  const auto text = export_header<network>({"tiny", {}, {}}, weights);
  CHECK(contains(text, "mote::parameters<network, double> parameters{{"));
  CHECK(contains(text, ".bias = {{{0.1}}},"));
}

TEST_CASE("a header of integers has the scales", "[hosted][header_export]") {
  using rounding = mote::rounding::once;
  using integers = mote::quantized<network, rounding>;
  const mote::parameters<integers> weights{};
  const mote::activation_scales<integers> scales{{{0.5f, -128}, {0.1f, 3}, {2.0f, 127}}};
  const auto text = export_header<network, rounding>({"tiny", {}, {}}, weights, scales);
  CHECK(contains(text, "using network = "
                       "mote::deployed<mote::quantized<trained_network, mote::rounding::once>>;"));
  CHECK(contains(text, "mote::parameters<network, std::int8_t> parameters{{"));
  CHECK(contains(text, "scales{{\n      {0.5f, -128},\n      {0.1f, 3},\n      {2.0f, 127},\n"));
}

TEST_CASE("the lines of numbers are at most 100 characters long", "[hosted][header_export]") {
  using wide = mote::network<mote::input<100>, mote::dense<10>>;
  mote::parameters<wide> weights{};
  mote::random_source random(1);
  for (auto& value : mote::get<0>(weights).weights.values)
    value = random.normal<float>();
  std::istringstream lines(export_header<wide>({"wide", {}, {}}, weights));
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("//"))
      longest = std::max(longest, line.size());
  CHECK(longest <= 100);
  CHECK(longest > 80);
}

TEST_CASE("words cannot leave their comment or their string", "[hosted][header_export]") {
  const auto text = export_header<network>({"tiny",
                                            {"one\n#error two", "ends in \\", "ends in \\ \\\r\n"},
                                            {"a\"b\\", "new\nline7", ""}},
                                           some_weights());
  CHECK(contains(text, "// one #error two\n// ends in\n// ends in\n// 11 parameters"));
  CHECK(contains(text, R"(class_names{"a\"b\\", "new\012line7", ""};)"));
}

TEST_CASE("what is not finite is not exported", "[hosted][header_export]") {
  const auto message = [](auto change) {
    auto weights = some_weights();
    change(weights);
    return message_of([&] { export_header<network>({"tiny", {}, {}}, weights); });
  };
  CHECK(message([](auto& weights) { mote::get<0>(weights).weights[4] = limits::infinity(); }) ==
        "export: expected a finite number, found inf in layer 0 (dense), weights[4]. Train the "
        "model again with a lower learning rate.");
  CHECK(
      contains(message([](auto& weights) { mote::get<1>(weights).bias[0] = -limits::infinity(); }),
               "found -inf in layer 1 (dense), bias[0]"));
  CHECK(contains(
      message([](auto& weights) { mote::get<1>(weights).weights[1] = limits::quiet_NaN(); }),
      "found nan in layer 1 (dense), weights[1]"));

  using rounding = mote::rounding::twice;
  using integers = mote::quantized<network, rounding>;
  mote::activation_scales<integers> scales{};
  scales[2].scale = limits::infinity();
  CHECK(contains(
      message_of([&] {
        export_header<network, rounding>({"tiny", {}, {}}, mote::parameters<integers>{}, scales);
      }),
      "found inf in scales[2]"));
}
