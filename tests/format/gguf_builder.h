// Builds GGUF files in memory, right or wrong, and remembers where each field is so that a test can break it.
#ifndef CANDOR_TESTS_FORMAT_GGUF_BUILDER_H_
#define CANDOR_TESTS_FORMAT_GGUF_BUILDER_H_

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace candor {

// Writes in the order of the format: header, keys, tensors, then Finish() for padding and data.
class GgufBuilder {
 public:
  struct Field {
    std::string name;
    size_t offset;
    size_t bytes;
  };

  GgufBuilder(uint64_t tensors, uint64_t keys, uint32_t version = 3) {
    bytes_ += "GGUF";
    Put("version", version);
    Put("tensor count", tensors);
    Put("key count", keys);
  }

  template <typename T>
  void Put(std::string name, T value) {
    fields_.push_back({std::move(name), bytes_.size(), sizeof value});
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void PutString(const std::string& name, std::string_view text) {
    Put<uint64_t>(name + " length", text.size());
    bytes_ += text;
  }

  // A key with its value type; the value follows by Put or PutString.
  void Key(std::string_view key, uint32_t type) {
    PutString("key", key);
    Put("value type", type);
  }
  template <typename T>
  void Number(std::string_view key, uint32_t type, T value) {
    Key(key, type);
    Put("value", value);
  }
  void Uint(std::string_view key, uint32_t value) { Number(key, 4, value); }
  void String(std::string_view key, std::string_view text) {
    Key(key, 8);
    PutString("value", text);
  }
  void Strings(std::string_view key, const std::vector<std::string>& texts) {
    ArrayHead(key, 8, texts.size());
    for (const std::string& text : texts) PutString("element", text);
  }
  void ArrayHead(std::string_view key, uint32_t type, uint64_t count) {
    Key(key, 9);
    Put("element type", type);
    Put("array length", count);
  }

  // `offset` is relative to the data, as in the file.
  void Tensor(std::string_view name, const std::vector<uint64_t>& shape, uint32_t type, uint64_t offset) {
    PutString("tensor name", name);
    Put("rank", static_cast<uint32_t>(shape.size()));
    for (const uint64_t dimension : shape) Put("dimension", dimension);
    Put("tensor type", type);
    Put("tensor offset", offset);
  }

  // Pads the header to `alignment` and appends `data_bytes` bytes that count up.
  std::string Finish(size_t data_bytes, size_t alignment = 32) {
    header_bytes_ = bytes_.size();
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
    data_offset_ = bytes_.size();
    for (size_t i = 0; i < data_bytes; ++i) bytes_ += static_cast<char>(i * 7 + i / 256);
    return bytes_;
  }

  size_t header_bytes() const { return header_bytes_; }
  size_t data_offset() const { return data_offset_; }
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::string bytes_;
  std::vector<Field> fields_;
  size_t header_bytes_ = 0;
  size_t data_offset_ = 0;
};

inline std::span<const std::byte> AsBytes(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace candor

#endif  // CANDOR_TESTS_FORMAT_GGUF_BUILDER_H_
