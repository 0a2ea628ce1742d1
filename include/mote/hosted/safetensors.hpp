// The safetensors format: eight bytes of header size, a JSON header, the tensors. Keeps parameters
// between the steps of the host program, and lets other tools read them.
#pragma once

#include <mote/core/crc32.hpp>
#include <mote/core/storage.hpp>
#include <mote/hosted/file.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace mote::hosted {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

/// What a file says about itself besides its tensors.
using metadata = std::map<std::string, std::string>;

/// A safetensors file in memory.
struct tensor_file {
  struct entry {
    std::string dtype; ///< "F32", "F64", "I8", "I32"
    std::vector<std::size_t> shape;
    std::vector<std::uint8_t> bytes;
  };

  mote::hosted::metadata metadata;
  std::map<std::string, entry> tensors;

  template <class T>
  static constexpr const char* dtype_of = std::is_same_v<T, float>         ? "F32"
                                          : std::is_same_v<T, double>      ? "F64"
                                          : std::is_same_v<T, std::int8_t> ? "I8"
                                                                           : "I32";

  template <class T, std::size_t Size>
  void add(const std::string& name, std::span<const T, Size> values,
           std::vector<std::size_t> shape) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(values.data());
    tensors[name] = {dtype_of<T>, std::move(shape), {bytes, bytes + values.size_bytes()}};
  }

  /// Copies tensor `name` to `values`. Throws `error`, naming `path`, unless it is there with
  /// exactly this type and shape.
  template <class T, std::size_t Size>
  void copy_to(const std::filesystem::path& path, const std::string& name,
               std::span<T, Size> values, const std::vector<std::size_t>& shape) const;
};

namespace safetensors_detail {

inline std::string describe(const std::string& dtype, const std::vector<std::size_t>& shape) {
  std::string text = dtype + "[";
  for (std::size_t i = 0; i < shape.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

inline constexpr auto advice = "Write the file again with the program that made it";

/// A list of whole numbers; the JSON library itself would also turn -1 and 1.5 into a size.
inline std::vector<std::size_t> sizes(const nlohmann::json& list) {
  std::vector<std::size_t> result;
  for (const auto& item : list.get_ref<const nlohmann::json::array_t&>())
    result.push_back(item.get_ref<const nlohmann::json::number_unsigned_t&>());
  return result;
}

/// An entry of the header, and where its bytes are in the data.
struct located_entry {
  tensor_file::entry tensor;
  std::size_t begin = 0;
};

/// Reads one entry of the header and cuts its bytes out of the data.
inline located_entry read_entry(const std::filesystem::path& path, const std::string& name,
                                const nlohmann::json& description,
                                std::span<const std::uint8_t> data) {
  tensor_file::entry result;
  std::vector<std::size_t> offsets;
  try {
    result.dtype = description.at("dtype").get<std::string>();
    result.shape = sizes(description.at("shape"));
    offsets = sizes(description.at("data_offsets"));
  } catch (const nlohmann::json::exception& problem) {
    throw error(path, "dtype, shape and data_offsets of tensor " + name, problem.what(), advice);
  }
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data.size())
    throw error(path,
                "data_offsets of tensor " + name + " within " + std::to_string(data.size()) +
                    " bytes",
                describe("", offsets), advice);
  const std::map<std::string, std::size_t> types{{"F32", 4}, {"F64", 8}, {"I8", 1}, {"I32", 4}};
  const auto size = types.find(result.dtype);
  if (size == types.end())
    throw error(path, "F32, F64, I8 or I32 as dtype of tensor " + name, result.dtype, advice);
  // Divides instead of multiplying: a made-up shape could overflow a product.
  std::size_t elements = (offsets[1] - offsets[0]) / size->second;
  bool fits = (offsets[1] - offsets[0]) % size->second == 0;
  for (const std::size_t extent : result.shape) {
    fits = fits && extent > 0 && elements % extent == 0;
    elements = fits ? elements / extent : 1;
  }
  if (!fits || elements != 1)
    throw error(path,
                "as many bytes for tensor " + name + " as " + describe(result.dtype, result.shape) +
                    " has",
                std::to_string(offsets[1] - offsets[0]), advice);
  const auto bytes = data.subspan(offsets[0], offsets[1] - offsets[0]);
  result.bytes.assign(bytes.begin(), bytes.end());
  return {std::move(result), offsets[0]};
}

inline error overlap(const std::filesystem::path& path, std::size_t offset) {
  return {path, "each byte of data to belong to one tensor",
          "tensors that overlap at data offset " + std::to_string(offset), advice};
}

inline std::string checksum(std::span<const std::uint8_t> data) {
  crc32 sum;
  for (const std::uint8_t byte : data)
    sum.add(byte);
  return std::to_string(sum.value());
}

} // namespace safetensors_detail

template <class T, std::size_t Size>
void tensor_file::copy_to(const std::filesystem::path& path, const std::string& name,
                          std::span<T, Size> values, const std::vector<std::size_t>& shape) const {
  using namespace safetensors_detail;
  const auto expected = "tensor " + name + " as " + describe(dtype_of<T>, shape);
  const auto found = tensors.find(name);
  if (found == tensors.end())
    throw error(path, expected, "no such tensor", "Name a file of this network");
  if (found->second.dtype != dtype_of<T> || found->second.shape != shape)
    throw error(path, expected, describe(found->second.dtype, found->second.shape),
                "Name a file of this network");
  std::memcpy(values.data(), found->second.bytes.data(), values.size_bytes());
}

/// Writes the file in one step; its metadata get the entry crc32, the checksum of all tensors.
/// Throws `error` when that fails; an older file then stays as it was.
inline void write_safetensors(const std::filesystem::path& path, const tensor_file& content) {
  nlohmann::ordered_json header;
  header["__metadata__"] = nullptr; // the first entry, though it is known last
  std::vector<std::uint8_t> data;
  for (const auto& [name, tensor] : content.tensors) {
    header[name] = {{"dtype", tensor.dtype},
                    {"shape", tensor.shape},
                    {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
    data.insert(data.end(), tensor.bytes.begin(), tensor.bytes.end());
  }
  auto words = content.metadata;
  words["crc32"] = safetensors_detail::checksum(data);
  header["__metadata__"] = words;
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' '); // readers may map the data: keep it aligned
  const auto header_size = static_cast<std::uint64_t>(text.size());
  std::vector<std::uint8_t> file(8 + text.size() + data.size());
  std::memcpy(file.data(), &header_size, 8);
  const auto header_end = std::copy(text.begin(), text.end(), file.begin() + 8);
  std::copy(data.begin(), data.end(), header_end);
  write_file(path, file);
}

/// Reads a whole file. Throws `error` when it is missing, is not a well-formed safetensors file or
/// has a checksum that does not match.
inline tensor_file read_safetensors(const std::filesystem::path& path) {
  using namespace safetensors_detail;
  const auto file = read_file(path);
  if (file.size() < 8)
    throw error(path, 0, "the 8 bytes of a safetensors header size",
                std::to_string(file.size()) + " bytes", advice);
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, file.data(), 8);
  if (header_size > file.size() - 8)
    throw error(path, 0, "a header size of at most " + std::to_string(file.size() - 8),
                std::to_string(header_size),
                "Is this a safetensors file? If so it is cut off; copy it again");
  const std::span<const std::uint8_t> bytes(file);
  const auto text = bytes.subspan(8, header_size);
  const auto data = bytes.subspan(8 + header_size);
  const auto header = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (!header.is_object())
    throw error(path, 8, "a JSON object as header", "something else",
                "Is this a safetensors file?");
  tensor_file result;
  std::map<std::size_t, std::size_t> ranges; // begin and end
  std::size_t used = 0;
  for (const auto& [name, description] : header.items()) {
    if (name == "__metadata__") {
      try {
        result.metadata = description.get<metadata>();
      } catch (const nlohmann::json::exception& problem) {
        throw error(path, "texts as metadata", problem.what(), advice);
      }
    } else {
      auto [tensor, begin] = read_entry(path, name, description, data);
      const auto end = begin + tensor.bytes.size();
      used += tensor.bytes.size();
      if (!ranges.emplace(begin, end).second)
        throw overlap(path, begin);
      result.tensors[name] = std::move(tensor);
    }
  }
  std::size_t last = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin < last)
      throw overlap(path, begin);
    last = end;
  }
  if (used != data.size())
    throw error(path, std::to_string(used) + " bytes of tensors after the header",
                std::to_string(data.size()), advice);
  if (const auto stored = result.metadata.find("crc32"); stored != result.metadata.end())
    if (const auto computed = checksum(data); stored->second != computed)
      throw error(path, "tensors with the checksum " + stored->second, computed,
                  "The file is damaged; copy or write it again");
  return result;
}

/// The name of a parameter tensor in a file: "1.dense.weights".
template <class Net, class Index>
std::string tensor_name(Index, const field& description) {
  return std::to_string(Index::value) + "." + Net::template layer<Index::value>::name + "." +
         description.name;
}

template <class Tensor>
std::vector<std::size_t> extents_of(const Tensor&) {
  return {Tensor::extents.begin(), Tensor::extents.end()};
}

/// Adds all parameters of a network.
template <class Net, class T>
void add_parameters(tensor_file& content, const parameters<Net, T>& weights) {
  visit_tensors<Net>(
      [&](auto index, const field& description, const auto& tensor) {
        content.add(tensor_name<Net>(index, description), std::span(tensor.values),
                    extents_of(tensor));
      },
      weights);
}

/// Fills the parameters of a network from a file that was read from `path`. Throws `error` when a
/// tensor is missing or differs in type or shape.
template <class Net, class T>
void copy_parameters(const std::filesystem::path& path, const tensor_file& content,
                     parameters<Net, T>& weights) {
  visit_tensors<Net>(
      [&](auto index, const field& description, auto& tensor) {
        content.copy_to(path, tensor_name<Net>(index, description), std::span(tensor.values),
                        extents_of(tensor));
      },
      weights);
}

} // namespace mote::hosted
