#include <mote/core/report.hpp>
#include <mote/layers/dense.hpp>
#include <mote/layers/dropout.hpp>
#include <mote/layers/flatten.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/tanh.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

#include "../catch.hpp"

namespace {

using namespace mote;

using digits = network<input<28, 28, 1>, flatten, dense<64>, relu, dropout<20>, dense<10>>;

} // namespace

TEST_CASE("a report is known before the program runs", "[core][report]") {
  static_assert(report<digits>.parameters == 784 * 64 + 64 + 64 * 10 + 10);
  static_assert(report<digits>.macs == 784 * 64 + 64 * 10);
  static_assert(report<digits>.flash_bytes == 4 * report<digits>.parameters);
  CHECK(report<digits>.ram_bytes == 4 * (784 + 64));
}

TEST_CASE("a report names each layer and its share", "[core][report]") {
  const auto& layers = report<digits>.layers;
  REQUIRE(layers.size() == 5);
  CHECK(std::string(layers[0].name) == "flatten");
  CHECK(layers[0].input == shape{28, 28, 1});
  CHECK(layers[0].output == shape{784});
  CHECK(layers[0].parameters == 0);
  CHECK(layers[0].flash_bytes == 0);
  CHECK(layers[0].macs == 0);
  CHECK(layers[0].ram_bytes == 4 * 784);
  CHECK(std::string(layers[1].name) == "dense");
  CHECK(layers[1].parameters == 784 * 64 + 64);
  CHECK(layers[1].flash_bytes == 4 * (784 * 64 + 64));
  CHECK(layers[1].macs == 784 * 64);
  CHECK(layers[1].ram_bytes == 4 * 64);
  CHECK(std::string(layers[4].name) == "dense");
  CHECK(layers[4].output == shape{10});
}

TEST_CASE("a report counts batch, arithmetic and mode", "[core][report]") {
  CHECK(report<digits, double>.flash_bytes == 8 * report<digits>.parameters);
  CHECK(report<digits, float, 32>.ram_bytes == 32 * report<digits>.ram_bytes);
  CHECK(report<digits, float, 32>.macs == report<digits>.macs); // of one sample
  CHECK(report<digits, float, 32>.layers[1].ram_bytes == 32 * 4 * 64);
  CHECK(report<digits, float, 32, training>.ram_bytes ==
        sizeof(workspace<digits, float, 32, training>));
  CHECK(report<digits, float, 32, training>.ram_bytes > report<digits, float, 32>.ram_bytes);
}

TEST_CASE("a report in int8 is that of the quantized network", "[core][report]") {
  using net = quantized<digits>;
  constexpr auto in_int8 = report<digits, std::int8_t>;
  CHECK(in_int8.layers.size() == 3); // relu is a clamp, dropout is gone
  CHECK(in_int8.flash_bytes == sizeof(parameters<net>));
  CHECK(in_int8.flash_bytes == report<net>.flash_bytes);
  CHECK(in_int8.ram_bytes == 784 + 64);
  CHECK(in_int8.macs == report<digits>.macs);
  // Weights and biases are parameters; multipliers and zero points come with the arithmetic.
  CHECK(in_int8.parameters == report<digits>.parameters);
  // int32 bias, int32 multiplier and a shift for each unit, and four numbers for each layer.
  CHECK(in_int8.layers[1].flash_bytes >= 784 * 64 + 64 * 9 + 4);
  CHECK(in_int8.layers[1].flash_bytes < 784 * 64 + 64 * 9 + 4 + 4);
}

TEST_CASE("a layer without parameters of its own has none but tables in int8", "[core][report]") {
  using net = network<input<8>, mote::tanh>;
  CHECK(report<net>.flash_bytes == sizeof(parameters<net>));
  CHECK(report<net>.parameters == 0);
  CHECK(report<net>.layers[0].flash_bytes == 0);
  CHECK(report<net, std::int8_t>.flash_bytes == 256);
  CHECK(report<net, std::int8_t>.parameters == 0);
}
