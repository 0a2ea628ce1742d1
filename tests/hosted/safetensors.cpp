#include <mote/hosted/safetensors.hpp>
#include <mote/mote.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../catch.hpp"
#include "scratch.hpp"

namespace {

using namespace hosted_test;
using namespace mote::hosted;

using network = mote::network<mote::input<5>, mote::dense<7>, mote::tanh, mote::dense<3>>;

/// Random bits as parameters: every pattern, NaN included, has to survive.
template <class Net, class T>
mote::parameters<Net, T> random_bits(std::uint64_t seed) {
  mote::parameters<Net, T> weights{};
  mote::random_source random(seed);
  mote::visit_tensors<Net>(
      [&](auto, const mote::field&, auto& tensor) {
        const auto bytes = std::as_writable_bytes(std::span(tensor.values));
        for (auto& byte : bytes)
          byte = static_cast<std::byte>(random.bits());
      },
      weights);
  return weights;
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

template <class Net, class T>
void check_round_trip() {
  const scratch folder;
  const auto path = folder.path / "model";
  const auto written = random_bits<Net, T>(1);
  tensor_file file;
  file.metadata["said by"] = "somebody \"quoted\"\n";
  add_parameters(file, written);
  write_safetensors(path, file);

  const auto content = read_safetensors(path);
  CHECK(content.metadata.at("said by") == "somebody \"quoted\"\n");
  auto read = random_bits<Net, T>(2);
  CHECK_FALSE(same_bits(read, written));
  copy_parameters(path, content, read);
  CHECK(same_bits(read, written));
}

bytes as_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

/// A file as the published format says: eight bytes of header size, lowest first, the header, the
/// data.
bytes file_of(std::string_view header, const bytes& data) {
  bytes file;
  for (int shift = 0; shift < 64; shift += 8)
    file.push_back(static_cast<std::uint8_t>(header.size() >> shift));
  const auto text = as_bytes(header);
  file.insert(file.end(), text.begin(), text.end());
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

/// Reads a file with this header and `size` bytes of zeros; the message must name the file.
std::string refusal(const std::string& header, std::size_t size = 8) {
  const scratch folder;
  const auto path = folder.path / "hostile";
  write_raw(path, file_of(header, bytes(size)));
  const auto message = message_of([&] { read_safetensors(path); });
  INFO(message);
  CHECK(message.find(path.string() + ": ") == 0);
  CHECK(message.size() < 1000);
  return message;
}

/// One tensor of the description.
std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets,
                  const std::string& name = "t") {
  return "\"" + name + "\":{\"dtype\":" + dtype + ",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("parameters come back bit by bit", "[hosted][safetensors]") {
  check_round_trip<network, float>();
  check_round_trip<network, double>();
  check_round_trip<mote::quantized<network>, std::int8_t>();
}

TEST_CASE("files have the bytes of the format", "[hosted][safetensors]") {
  const scratch folder;
  const auto path = folder.path / "small";
  tensor_file file;
  const std::array<float, 2> real{1.0f, -2.0f};
  const std::array<std::int8_t, 3> small{1, -1, 127};
  file.metadata["model"] = "m";
  file.add("real", std::span(real), {1, 2});
  file.add("codes", std::span(small), {3});
  write_safetensors(path, file);

  // The data: codes first, for tensors are in the order of their names. The checksum is that of
  // zip, which zlib computes too.
  const bytes data{1, 0xff, 127, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0};
  const auto sum = ::crc32(0, data.data(), static_cast<unsigned>(data.size()));
  std::string header = "{\"__metadata__\":{\"crc32\":\"" + std::to_string(sum) +
                       "\",\"model\":\"m\"},"
                       "\"codes\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[0,3]},"
                       "\"real\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[3,11]}}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  CHECK(read_raw(path) == file_of(header, data));
}

TEST_CASE("a file of another program is read", "[hosted][safetensors]") {
  const scratch folder;
  const auto path = folder.path / "other";
  // Without metadata or checksum, tensors in any order, members in any order.
  const bytes data{0, 0, 0x80, 0x3f, 0xfe, 0xff, 0xff, 0xff};
  write_raw(path, file_of("{\"b\":{\"data_offsets\":[4,8],\"shape\":[1,1],\"dtype\":\"I32\"},"
                          "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}",
                          data));
  const auto file = read_safetensors(path);
  CHECK(file.metadata.empty());
  std::array<float, 1> a{};
  std::array<std::int32_t, 1> b{};
  file.copy_to(path, "a", std::span(a), {});
  file.copy_to(path, "b", std::span(b), {1, 1});
  CHECK(a[0] == 1.0f);
  CHECK(b[0] == -2);
}

TEST_CASE("a file that is cut off at any byte is an error", "[hosted][safetensors]") {
  const scratch folder;
  const auto path = folder.path / "model";
  tensor_file file;
  add_parameters(file, random_bits<network, float>(3));
  write_safetensors(path, file);
  const auto whole = read_raw(path);
  CHECK_NOTHROW(read_safetensors(path));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_raw(path, first(whole, size));
    check_message(message_of([&] { read_safetensors(path); }), path, "");
  }
  write_raw(path, {});
  check_message(message_of([&] { read_safetensors(path); }), path,
                "the 8 bytes of a safetensors header size", "0 bytes");
  auto longer = whole;
  longer.push_back(0);
  write_raw(path, longer);
  check_message(message_of([&] { read_safetensors(path); }), path,
                std::to_string(4 * (5 * 7 + 7 + 7 * 3 + 3)) + " bytes of tensors");
}

TEST_CASE("any flipped byte of the data is an error", "[hosted][safetensors]") {
  const scratch folder;
  const auto path = folder.path / "model";
  tensor_file file;
  add_parameters(file, random_bits<mote::quantized<network>, std::int8_t>(4));
  const std::array<float, 4> scales{0.5f, 1.0f, 0.25f, 0.125f};
  file.add("activation_scales", std::span(scales), {4});
  write_safetensors(path, file);
  const auto whole = read_raw(path);
  std::size_t header_size = 0;
  std::memcpy(&header_size, whole.data(), 8);
  // Of each unit its weights and 9 bytes, of each dense layer 4 more; the table of tanh; the
  // scales.
  REQUIRE(whole.size() == 8 + header_size + 7 * (5 + 9) + 4 + 256 + 3 * (7 + 9) + 4 + 16);
  for (std::size_t i = 8 + header_size; i < whole.size(); ++i) {
    auto damaged = whole;
    damaged[i] ^= static_cast<std::uint8_t>(1 << i % 8);
    write_raw(path, damaged);
    check_message(message_of([&] { read_safetensors(path); }), path, "tensors with the checksum",
                  "damaged");
  }
}

TEST_CASE("any flipped byte of the header is an error or changes a word", "[hosted][safetensors]") {
  const scratch folder;
  const auto path = folder.path / "model";
  tensor_file file;
  const auto written = random_bits<network, float>(5);
  add_parameters(file, written);
  write_safetensors(path, file);
  const auto whole = read_raw(path);
  const std::size_t data_size = 4 * (5 * 7 + 7 + 7 * 3 + 3);
  for (std::size_t i = 0; i < whole.size() - data_size; ++i) {
    auto damaged = whole;
    damaged[i] ^= static_cast<std::uint8_t>(1 << i % 8);
    write_raw(path, damaged);
    // A flip in the word crc32 or among the spaces may go unnoticed, but then the parameters are
    // what they were.
    auto read = random_bits<network, float>(6);
    const auto message = message_of([&] { copy_parameters(path, read_safetensors(path), read); });
    const bool good = message.find(path.string()) == 0 || same_bits(read, written);
    if (!good) {
      INFO(message << " (byte " << i << ")");
      CHECK(good);
    }
  }
}

TEST_CASE("a header size that is not the file's is an error", "[hosted][safetensors]") {
  const scratch folder;
  const auto path = folder.path / "hostile";
  for (const std::uint64_t size : {std::uint64_t{3}, std::uint64_t{1} << 40, std::uint64_t{1} << 63,
                                   ~std::uint64_t{0}, ~std::uint64_t{7}}) {
    auto file = file_of("{}", {});
    std::memcpy(file.data(), &size, 8);
    write_raw(path, file);
    check_message(message_of([&] { read_safetensors(path); }), path, "a header size of at most 2",
                  "found " + std::to_string(size));
  }
}

TEST_CASE("a header that is no JSON object is an error", "[hosted][safetensors]") {
  for (const std::string header : {"", " ", "[]", "null", "12", "{", "{}}", "{\"t\":", "{\"t\" 1}",
                                   "PK\3\4", "{\"\xff\":1}", "{'t':1}"}) {
    INFO(header);
    CHECK(contains(refusal(header, 0), "at byte 8: expected a JSON object as header"));
  }
}

TEST_CASE("deep nesting is an error, not a crash", "[hosted][safetensors]") {
  constexpr std::size_t depth = 1'000'000;
  const std::string open(depth, '['), close(depth, ']');
  CHECK(contains(refusal(open, 0), "expected a JSON object"));
  CHECK(contains(refusal("{\"t\":" + open + close + "}", 0), "of tensor t"));
  CHECK(contains(refusal("{" + entry("\"F32\"", open + close, "[0,8]") + "}"), "of tensor t"));
  CHECK(contains(refusal("{\"__metadata__\":{\"a\":" + open + close + "}}", 0),
                 "expected texts as metadata"));
}

TEST_CASE("a tensor without a complete description is an error", "[hosted][safetensors]") {
  const auto text = "expected dtype, shape and data_offsets of tensor t";
  for (const std::string description :
       {"1", "null", "[]", "{}", "{\"shape\":[2],\"data_offsets\":[0,8]}",
        "{\"dtype\":\"F32\",\"data_offsets\":[0,8]}", "{\"dtype\":\"F32\",\"shape\":[2]}"}) {
    INFO(description);
    CHECK(contains(refusal("{\"t\":" + description + "}"), text));
  }
  CHECK(contains(refusal("{" + entry("5", "[2]", "[0,8]") + "}"), text));
}

TEST_CASE("shapes and offsets are whole numbers", "[hosted][safetensors]") {
  const auto text = "expected dtype, shape and data_offsets of tensor t";
  for (const std::string shape : {"2", "\"2\"", "{}", "null", "[2.0]", "[-2]", "[true]", "[[2]]",
                                  "[2e0]", "[18446744073709551616]"}) {
    INFO(shape);
    CHECK(contains(refusal("{" + entry("\"F32\"", shape, "[0,8]") + "}"), text));
  }
  CHECK(contains(refusal("{" + entry("\"F32\"", "[1e999]", "[0,8]") + "}"), "a JSON object"));
  for (const std::string offsets : {"8", "[0.0,8]", "[0,8.5]", "[-8,0]", "[false,8]"}) {
    INFO(offsets);
    CHECK(contains(refusal("{" + entry("\"F32\"", "[2]", offsets) + "}"), text));
  }
}

TEST_CASE("offsets must be within the data and in order", "[hosted][safetensors]") {
  for (const std::string offsets :
       {"[]", "[0]", "[0,4,8]", "[0,9]", "[8,16]", "[8,0]", "[4,3]", "[0,18446744073709551615]",
        "[18446744073709551608,18446744073709551615]"}) {
    INFO(offsets);
    CHECK(contains(refusal("{" + entry("\"F32\"", "[2]", offsets) + "}"),
                   "expected data_offsets of tensor t within 8 bytes"));
  }
}

TEST_CASE("a shape must have as many bytes as the tensor", "[hosted][safetensors]") {
  for (const std::string shape :
       {"[]", "[1]", "[3]", "[2,2]", "[0]", "[2,0]", "[9223372036854775809,2]",
        "[4294967296,4294967296,2]", "[18446744073709551615]", "[1,1,1,1,1,1,1,4]"}) {
    INFO(shape);
    CHECK(contains(refusal("{" + entry("\"F32\"", shape, "[0,8]") + "}"),
                   "expected as many bytes for tensor t as F32["));
  }
  CHECK(contains(refusal("{" + entry("\"F32\"", "[1]", "[0,7]") + "}", 7), "found 7"));
}

TEST_CASE("only four types of numbers are known", "[hosted][safetensors]") {
  for (const std::string dtype : {"F16", "BF16", "U8", "f32", ""}) {
    INFO(dtype);
    CHECK(contains(refusal("{" + entry("\"" + dtype + "\"", "[2]", "[0,8]") + "}"),
                   "expected F32, F64, I8 or I32 as dtype of tensor t, found " + dtype));
  }
}

TEST_CASE("tensors may neither overlap nor leave gaps", "[hosted][safetensors]") {
  const auto pair = [](const std::string& a, const std::string& b) {
    return "{" + entry("\"I8\"", "[4]", a, "a") + "," + entry("\"I8\"", "[4]", b, "b") + "}";
  };
  CHECK(contains(refusal(pair("[0,4]", "[0,4]")), "overlap at data offset 0"));
  CHECK(contains(refusal(pair("[0,4]", "[3,7]")), "overlap at data offset 3"));
  CHECK(contains(refusal(pair("[4,8]", "[2,6]")), "overlap at data offset 4"));
  CHECK(contains(refusal(pair("[0,4]", "[5,9]"), 9), "8 bytes of tensors after the header"));
  CHECK(contains(refusal(pair("[1,5]", "[5,9]"), 9), "8 bytes of tensors after the header"));
  // As many bytes as there are, but some twice and some never.
  const auto three = "{" + entry("\"I8\"", "[4]", "[0,4]", "a") + "," +
                     entry("\"I8\"", "[4]", "[2,6]", "b") + "," +
                     entry("\"I8\"", "[2]", "[8,10]", "c") + "}";
  CHECK(contains(refusal(three, 10), "overlap at data offset 2"));
}

TEST_CASE("metadata are texts", "[hosted][safetensors]") {
  for (const std::string metadata :
       {"1", "null", "[\"a\"]", "{\"a\":1}", "{\"a\":{}}", "{\"a\":[\"b\"]}", "{\"a\":null}"}) {
    INFO(metadata);
    CHECK(
        contains(refusal("{\"__metadata__\":" + metadata + "}", 0), "expected texts as metadata"));
  }
  CHECK(contains(refusal("{\"__metadata__\":{\"crc32\":\"-1\"}}", 0),
                 "expected tensors with the checksum -1, found 0"));
}

TEST_CASE("parameters of another network are errors", "[hosted][safetensors]") {
  const auto path = fs::path("other.safetensors");
  using wider = mote::network<mote::input<5>, mote::dense<7>, mote::tanh, mote::dense<4>>;
  using shorter = mote::network<mote::input<5>, mote::dense<7>>;
  const auto message = [&]<class Net, class T>(const mote::parameters<Net, T>& other) {
    tensor_file file;
    add_parameters(file, other);
    mote::parameters<network> weights{};
    return message_of([&] { copy_parameters(path, file, weights); });
  };
  check_message(message(mote::parameters<shorter>{}), path, "tensor 2.dense.weights as F32[3, 7]",
                "no such tensor");
  check_message(message(mote::parameters<wider>{}), path, "tensor 2.dense.weights as F32[3, 7]",
                "found F32[4, 7]");
  check_message(message(mote::parameters<network, double>{}), path,
                "tensor 0.dense.weights as F32[7, 5]", "found F64[7, 5]");
  check_message(message(mote::parameters<mote::quantized<network>>{}), path,
                "tensor 0.dense.weights as F32[7, 5]", "found I8[7, 5]");
}
