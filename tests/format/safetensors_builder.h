// Builds safetensors files in memory, right or wrong.
#ifndef CANDOR_TESTS_FORMAT_SAFETENSORS_BUILDER_H_
#define CANDOR_TESTS_FORMAT_SAFETENSORS_BUILDER_H_

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace candor {

inline std::string WithLength(uint64_t length, std::string_view rest) {
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  return file.append(rest);
}

// `header` with its length, and `data_bytes` bytes that count up.
inline std::string SafetensorsBytes(std::string_view header, size_t data_bytes) {
  std::string file = WithLength(header.size(), header);
  for (size_t i = 0; i < data_bytes; ++i) file += static_cast<char>(i * 7 + i / 256);
  return file;
}

// `"name":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
inline std::string TensorEntry(std::string_view name, std::string_view type, std::string_view shape, uint64_t begin,
                               uint64_t end) {
  std::string entry;
  entry.append("\"").append(name).append("\":{\"dtype\":\"").append(type).append("\",\"shape\":").append(shape);
  entry.append(",\"data_offsets\":[").append(std::to_string(begin)).append(",").append(std::to_string(end));
  return entry.append("]}");
}

// The object of several entries.
inline std::string HeaderOf(const std::vector<std::string>& entries) {
  std::string header(1, '{');
  for (const std::string& entry : entries) header.append(header.size() == 1 ? "" : ",").append(entry);
  return header.append(1, '}');
}

inline std::span<const std::byte> BytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace candor

#endif  // CANDOR_TESTS_FORMAT_SAFETENSORS_BUILDER_H_
