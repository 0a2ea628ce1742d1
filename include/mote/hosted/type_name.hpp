// The C++ spelling of a type, as the compiler knows it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mote::hosted {

namespace type_name_detail {

template <class T>
constexpr std::string_view signature() {
  return __PRETTY_FUNCTION__;
}

// Where the type stands in the signature is the same for every type, so a known one tells.
inline constexpr std::string_view probe = signature<double>();
inline constexpr std::size_t prefix = probe.find("double");
inline constexpr std::size_t suffix = probe.size() - prefix - std::string_view("double").size();

/// `text` with every `from` as `to`. Appends only: GCC 12 warns of overflow in an inlined replace.
inline std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for (auto at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
    result.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return result.append(text);
}

} // namespace type_name_detail

/// The full name of `T`, valid where its header is included: "mote::dense<10>". Template arguments
/// that are the default ones may or may not be spelled out.
template <class T>
std::string type_name() {
  using namespace type_name_detail;
  const std::string_view text = signature<T>();
  // The defaults of every layer that has them, from the last to the first.
  auto name =
      replaced(text.substr(prefix, text.size() - prefix - suffix), ", mote::bias::learned>", ">");
  name = replaced(name, ", mote::initializers::automatic>", ">");
  name = replaced(name, ", mote::states::last>", ">");
  return replaced(name, "> >", ">>");
}

} // namespace mote::hosted
