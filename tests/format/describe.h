// What a reader found in a checkpoint, one line a fact, as the scripts in tests/tools write it from reference readers.
#ifndef CANDOR_TESTS_FORMAT_DESCRIBE_H_
#define CANDOR_TESTS_FORMAT_DESCRIBE_H_

#include <bit>
#include <cstdio>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "format/checkpoint.h"

namespace candor {

inline std::string ShaOf(std::string_view bytes) {
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(bytes)));
  return ToHex(hash.Finish());
}

inline constexpr const char* kNumberNames[] = {"uint8",   "int8", "uint16", "int16", "uint32", "int32",
                                               "float32", "bool", "uint64", "int64", "float64"};

inline std::string DescribeValue(const MetadataValue& value) {
  char text[32];
  if (const auto* v = std::get_if<uint64_t>(&value)) return "uint " + std::to_string(*v);
  if (const auto* v = std::get_if<int64_t>(&value)) return "int " + std::to_string(*v);
  if (const auto* v = std::get_if<bool>(&value)) return *v ? "bool 1" : "bool 0";
  if (const auto* v = std::get_if<std::string>(&value)) return "string " + ShaOf(*v);
  if (const auto* v = std::get_if<double>(&value)) {
    std::snprintf(text, sizeof text, "float %016llx", static_cast<unsigned long long>(std::bit_cast<uint64_t>(*v)));
    return text;
  }
  std::string bytes;
  if (const auto* table = std::get_if<StringTable>(&value)) {
    for (size_t i = 0; i < table->size(); ++i) {
      const uint64_t length = (*table)[i].size();
      bytes.append(reinterpret_cast<const char*>(&length), sizeof length).append((*table)[i]);
    }
    return "array string " + std::to_string(table->size()) + " " + ShaOf(bytes);
  }
  const NumberArray& array = std::get<NumberArray>(value);
  for (size_t i = 0; i < array.size(); ++i) {
    std::visit(
        [&](auto v) {
          const size_t width = NumberBytes(array.type());
          const float narrow = static_cast<float>(v);
          const bool single = array.type() == NumberType::kFloat32;
          bytes.append(single ? reinterpret_cast<const char*>(&narrow) : reinterpret_cast<const char*>(&v), width);
        },
        array[i]);
  }
  return std::string("array ") + kNumberNames[static_cast<size_t>(array.type())] + " " + std::to_string(array.size()) +
         " " + ShaOf(bytes);
}

inline std::string DescribeKeys(const Checkpoint& checkpoint) {
  std::ostringstream out;
  for (const auto& [key, value] : checkpoint.metadata.values()) {
    if (!std::holds_alternative<LeftOut>(value)) out << "key " << key << " " << DescribeValue(value) << "\n";
  }
  return out.str();
}

// Streams the files: the hashes of tensors are those of the bytes that were handed out.
inline std::string DescribeTensors(const Checkpoint& checkpoint) {
  std::ostringstream out;
  std::vector<Sha256> hashes(checkpoint.tensors.size());
  const std::vector<Sha256Digest> digests =
      StreamTensors(checkpoint, {}, [&](const TensorPiece& piece) { hashes[piece.tensor].Update(piece.bytes); });
  for (size_t i = 0; i < checkpoint.tensors.size(); ++i) {
    const TensorInfo& tensor = checkpoint.tensors[i];
    out << "tensor " << tensor.name << " " << InfoOf(tensor.type).name << " ";
    for (size_t d = 0; d < tensor.shape.size(); ++d) out << (d == 0 ? "" : ",") << tensor.shape[d];
    out << " " << tensor.offset << " " << tensor.bytes << " " << ToHex(hashes[i].Finish()) << "\n";
  }
  for (const Sha256Digest& digest : digests) out << "file " << ToHex(digest) << "\n";
  return out.str();
}

}  // namespace candor

#endif  // CANDOR_TESTS_FORMAT_DESCRIBE_H_
