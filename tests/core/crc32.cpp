#include <mote/core/crc32.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/relu.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../catch.hpp"
#include "../support.hpp"

namespace {

using namespace mote;

constexpr std::uint32_t crc_of(std::string_view text) {
  crc32 sum;
  for (const char letter : text) {
    sum.add(static_cast<std::uint8_t>(letter));
  }
  return sum.value();
}

template <class T>
std::uint32_t crc_of_value(T value) {
  crc32 sum;
  sum.add_value(value);
  return sum.value();
}

} // namespace

TEST_CASE("the CRC has its published values", "[core][crc32]") {
  static_assert(crc_of("123456789") == 0xcbf4'3926); // the check value of the CRC catalogue
  CHECK(crc_of("") == 0);
  CHECK(crc_of("The quick brown fox jumps over the lazy dog") == 0x414f'a339);
}

TEST_CASE("numbers are summed from their lowest byte", "[core][crc32]") {
  CHECK(crc_of_value(std::uint32_t{0x3433'3231}) == crc_of("1234"));
  CHECK(crc_of_value(std::int32_t{0x3433'3231}) == crc_of("1234"));
  CHECK(crc_of_value(std::bit_cast<float>(0x3433'3231)) == crc_of("1234"));
  CHECK(crc_of_value(std::bit_cast<double>(0x3837'3635'3433'3231)) == crc_of("12345678"));
  CHECK(crc_of_value(std::int8_t{'1'}) == crc_of("1"));
  CHECK(crc_of_value(std::int8_t{-1}) == crc_of("\xff"));
}

TEST_CASE("a model's checksum is that of its numbers, layer by layer", "[core][crc32]") {
  using net = network<input<2>, dense<2>, relu, dense<1>>;
  parameters<net> weights{};
  get<0>(weights).weights.values = {1.0f, 2.0f, 3.0f, 4.0f};
  get<0>(weights).bias.values = {5.0f, 6.0f};
  get<2>(weights).weights.values = {7.0f, 8.0f};
  get<2>(weights).bias.values = {9.0f};
  crc32 expected;
  for (int i = 1; i <= 9; ++i) {
    expected.add_value(static_cast<float>(i));
  }
  CHECK(checksum(weights) == expected.value());

  // Any bit of any number counts, the sign of a zero too.
  auto other = weights;
  get<2>(other).bias[0] = 9.000001f;
  CHECK(checksum(other) != checksum(weights));
  other = weights;
  get<0>(other).weights[0] = 0.0f;
  const auto zero = checksum(other);
  get<0>(other).weights[0] = -0.0f;
  CHECK(checksum(other) != zero);
}
