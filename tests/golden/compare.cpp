// Includes what generate.cpp exported, and nothing of mote::hosted, and compares it with the models
// made again from the same seed.
#include "expected.hpp"
#include "integer.hpp"
#include "integer_extremes.hpp"
#include "models.hpp"
#include "real.hpp"
#include "real_extremes.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace {

int failures = 0;

void check(bool good, const char* model, const char* what) {
  if (!good) {
    std::printf("%s: %s\n", model, what);
    ++failures;
  }
}

template <class Net, class T>
bool same_bits(const mote::parameters<Net, T>& a, const mote::parameters<Net, T>& b) {
  bool same = true;
  mote::visit_tensors<Net>(
      [&](auto, const mote::field&, const auto& x, const auto& y) {
        same = same && std::memcmp(x.data(), y.data(), sizeof x.values) == 0;
      },
      a, b);
  return same;
}

template <class Model, class Parameters>
void check_model(const char* name, const Parameters& again) {
  static_assert(mote::checksum(Model::parameters) == Model::crc32);
  static_assert(std::is_same_v<typename Model::trained_network, golden::trained>);
  static_assert(std::is_same_v<typename Model::network, typename Parameters::network>);
  check(mote::checksum(Model::parameters) == Model::crc32, name, "the checksum at run time");
  check(mote::checksum(again) == Model::crc32, name, "the checksum of what was exported");
  check(same_bits(Model::parameters, again), name, "the bits of the parameters");
  check(Model::class_names.size() == 3 && Model::class_names[0] == std::string_view("no") &&
            Model::class_names[1] == std::string_view("\"quoted\"") &&
            Model::class_names[2] == std::string_view("back\\slash"),
        name, "the class names");
}

template <class Model>
void check_scales(const char* name) {
  const auto again = golden::scales();
  static_assert(
      std::is_same_v<decltype(Model::scales), std::add_const_t<decltype(golden::scales())>>);
  bool same = true;
  for (std::size_t i = 0; i < again.size(); ++i)
    same = same &&
           std::bit_cast<std::uint32_t>(Model::scales[i].scale) ==
               std::bit_cast<std::uint32_t>(again[i].scale) &&
           Model::scales[i].zero_point == again[i].zero_point;
  check(same, name, "the scales");
}

void check_outputs() {
  const auto real_outputs = golden::run(real::parameters);
  const auto integer_outputs = golden::run(integer::parameters);
  static_assert(std::size(expected::real_bits) == real_outputs.size());
  static_assert(std::size(expected::integers) == integer_outputs.size());
  bool same = true, differ = false;
  for (std::size_t i = 0; i < real_outputs.size(); ++i) {
    same = same && std::bit_cast<std::uint32_t>(real_outputs[i]) == expected::real_bits[i];
    differ = differ || real_outputs[i] != real_outputs[i % 3];
  }
  check(same, "real", "the outputs");
  check(differ, "real", "all samples have the same output: nothing was tested");
  same = true, differ = false;
  for (std::size_t i = 0; i < integer_outputs.size(); ++i) {
    same = same && integer_outputs[i] == expected::integers[i];
    differ = differ || integer_outputs[i] != integer_outputs[i % 3];
  }
  check(same, "integer", "the outputs");
  check(differ, "integer", "all samples have the same output: nothing was tested");
}

} // namespace

int main() {
  check_model<real>("real", golden::real_parameters());
  check_model<real_extremes>("real_extremes", golden::extreme_parameters());
  check_model<integer>("integer", golden::integer_parameters());
  check_model<integer_extremes>("integer_extremes", golden::extreme_integer_parameters());
  check_scales<integer>("integer");
  check_scales<integer_extremes>("integer_extremes");
  check_outputs();
  check(!same_bits(real::parameters, real_extremes::parameters), "real_extremes", "the extremes");
  std::printf(failures == 0 ? "all exported headers are what was exported\n" : "FAILED\n");
  return failures == 0 ? 0 : 1;
}
