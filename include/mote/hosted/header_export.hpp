// A trained model as a C++ header: a type and constants, for firmware without a file system.
#pragma once

#include <mote/core/crc32.hpp>
#include <mote/core/report.hpp>
#include <mote/core/storage.hpp>
#include <mote/hosted/file.hpp>
#include <mote/hosted/type_name.hpp>
#include <mote/quantization/quantize.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace mote::hosted {

/// What an exported header says besides its numbers.
struct header_text {
  std::string name;                     ///< of the struct: a C++ identifier
  std::vector<std::string> comments;    ///< lines about training, data and accuracy
  std::vector<std::string> class_names; ///< one per output, or none
};

namespace export_detail {

/// The shortest text that reads back as exactly this number, as a literal of its type.
template <std::floating_point T>
std::string literal(T value) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string text(buffer.data(), end);
  if (text.find_first_of(".en") == std::string::npos)
    text += ".0";
  return text + (sizeof(T) == sizeof(float) ? "f" : "");
}

template <std::integral T>
std::string literal(T value) {
  // -2147483648 would be the negation of a number that int cannot hold.
  if constexpr (sizeof(T) == 4 && std::is_signed_v<T>)
    if (value == std::numeric_limits<T>::min())
      return "-2147483647 - 1";
  return std::to_string(value);
}

/// Numbers separated by commas, in lines of at most 100 characters.
template <class T>
std::string numbers(std::span<const T> values, const std::string& indent) {
  std::string text;
  std::string line = indent;
  for (const T value : values) {
    const auto number = literal(value) + ",";
    if (line.size() + number.size() + 1 > 100) {
      text += line + "\n";
      line = indent;
    }
    line += (line.size() == indent.size() ? "" : " ") + number;
  }
  return text + line + "\n";
}

/// The initializer of one layer's parameters: ".weights = {{{ ... }}}, ...".
template <class Items>
std::string initializer(const Items& items) {
  std::string text;
  Items::visit(
      [&](const field& description, const auto& tensor) {
        text += std::string("          .") + description.name + " = {{{";
        if (tensor.size <= 4) {
          for (std::size_t i = 0; i < tensor.size; ++i)
            text += (i == 0 ? "" : ", ") + literal(tensor[i]);
          text += "}}},\n";
        } else {
          text +=
              "\n" +
              numbers(std::span<const typename std::remove_cvref_t<decltype(tensor)>::value_type>(
                          tensor.values),
                      "              ") +
              "          }}},\n";
        }
      },
      items);
  return text;
}

/// Infinity and NaN have no literal, and a model that holds one is of no use.
template <class T>
void check_finite(T value, const std::string& name) {
  if constexpr (std::is_floating_point_v<T>)
    if (!std::isfinite(value))
      throw error("export: expected a finite number, found " + std::to_string(value) + " in " +
                  name + ". Train the model again with a lower learning rate.");
}

/// Throws `error` for the first parameter that is not finite.
template <class Net, class T>
void check_finite(const parameters<Net, T>& weights) {
  visit_tensors<Net>(
      [&](auto index, const field& description, const auto& tensor) {
        for (std::size_t i = 0; i < tensor.size; ++i)
          check_finite(tensor[i], "layer " + std::to_string(index) + " (" +
                                      Net::template layer<index>::name + "), " + description.name +
                                      "[" + std::to_string(i) + "]");
      },
      weights);
}

/// One line of a comment, whatever is in it: a line break would end it and a backslash at its end
/// would prolong it, and the words may come from a file.
inline std::string comment(std::string line) {
  std::replace_if(
      line.begin(), line.end(), [](unsigned char letter) { return letter < ' '; }, ' ');
  while (line.ends_with(' ') || line.ends_with('\\'))
    line.pop_back();
  return "// " + line + "\n";
}

inline std::string hexadecimal(std::uint32_t value) {
  std::array<char, 16> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, 16).ptr;
  const std::string digits(buffer.data(), end);
  return "0x" + std::string(8 - digits.size(), '0') + digits;
}

template <class Net, class T>
std::string parameter_text(const parameters<Net, T>& weights) {
  std::string text;
  for_each_index<Net::size>([&](auto index) {
    using layer_type = typename Net::template layer<index>;
    using items = typename layer_type::template parameters<Net::inputs[index], T>;
    text += "      // layer " + std::to_string(index) + ": " + layer_type::name + "\n";
    if constexpr (is_none<items>)
      text += "      {},\n";
    else
      text += "      {{\n" + initializer<items>(get<index>(weights)) + "      }},\n";
  });
  return text;
}

inline std::string class_name_text(const std::vector<std::string>& names) {
  if (names.empty())
    return "";
  std::string text = "  static constexpr std::array<const char*, " + std::to_string(names.size()) +
                     "> class_names{";
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "\"" : ", \"");
    for (const char letter : names[i]) {
      const auto code = static_cast<unsigned char>(letter);
      if (code < ' ') { // three octal digits: what follows cannot become a part of them
        text += {'\\', '0', static_cast<char>('0' + code / 8), static_cast<char>('0' + code % 8)};
        continue;
      }
      if (letter == '"' || letter == '\\')
        text += '\\';
      text += letter;
    }
    text += "\"";
  }
  return text + "};\n\n";
}

template <class Net, class T>
std::string export_text(const header_text& header, const parameters<Net, T>& weights,
                        const std::string& network, const std::string& scales) {
  check_finite(weights);
  const auto& costs = report<Net, T>;
  std::string text = "// Made by mote; do not edit.\n//\n";
  for (const auto& line : header.comments)
    text += comment(line);
  text += "// " + std::to_string(costs.parameters) + " parameters, " + std::to_string(costs.macs) +
          " multiply-accumulates per sample, " + std::to_string(costs.flash_bytes) +
          " bytes of flash, " + std::to_string(costs.ram_bytes) + " bytes of RAM\n";
  text += "#pragma once\n\n#include <mote/mote.hpp>\n\n#include <array>\n#include <cstdint>\n\n";
  text += "struct " + header.name + " {\n" + network + "\n" + scales +
          class_name_text(header.class_names);
  text += "  /// Of the parameters: equal to mote::checksum(parameters).\n";
  text += "  static constexpr std::uint32_t crc32 = " + hexadecimal(checksum(weights)) + ";\n\n";
  text += "  // clang-format off\n";
  text += "  static constexpr mote::parameters<network, " +
          std::string(sizeof(T) == 1   ? "std::int8_t"
                      : sizeof(T) == 4 ? "float"
                                       : "double") +
          "> parameters{{\n" + parameter_text(weights) + "  }};\n  // clang-format on\n};\n";
  return text;
}

} // namespace export_detail

/// The header of a real model: the network as inference runs it, its values printed so that they
/// read back exactly. `Trained` is the network as it was trained. Throws `error` when a parameter
/// is not finite.
template <class Trained, class T>
std::string export_header(const header_text& header,
                          const parameters<inference_network<Trained>, T>& weights) {
  const auto network = "  using trained_network = " + type_name<Trained>() +
                       ";\n  using network = mote::inference_network<trained_network>;\n";
  return export_detail::export_text(header, weights, network, "");
}

/// The header of a quantized model as it is deployed, with the mappings of its activations to real
/// numbers. Throws `error` when a scale is not finite.
template <class Trained, class Rounding>
std::string export_header(const header_text& header,
                          const parameters<quantized<Trained, Rounding>>& weights,
                          const activation_scales<quantized<Trained, Rounding>>& scales) {
  using rewritten = passes::for_deployment<quantized<Trained, Rounding>>;
  using network = typename rewritten::network;
  const auto deployed_weights = std::make_unique<parameters<network>>();
  to_deployed(weights, *deployed_weights);
  const auto names = "  using trained_network = " + type_name<Trained>() +
                     ";\n  using network = mote::deployed<mote::quantized<trained_network, " +
                     type_name<Rounding>() + ">>;\n";
  std::string text =
      "  /// real = scale * (code - zero point): [0] of the input, [i + 1] of what layer i gives.\n"
      "  static constexpr mote::activation_scales<network> scales{{\n";
  for (std::size_t i = 0; i <= network::size; ++i) {
    const affine& scale = scales[i == 0 ? 0 : rewritten::lasts[i - 1] + 1];
    export_detail::check_finite(scale.scale, "scales[" + std::to_string(i) + "]");
    text += "      {" + export_detail::literal(scale.scale) + ", " +
            export_detail::literal(scale.zero_point) + "},\n";
  }
  return export_detail::export_text(header, *deployed_weights, names, text + "  }};\n\n");
}

} // namespace mote::hosted
