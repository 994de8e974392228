// A model file's metadata: typed values by key. Knows no architecture.
#ifndef CANDOR_FORMAT_METADATA_H_
#define CANDOR_FORMAT_METADATA_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace candor {

// Many strings in one allocation: vocabularies have hundreds of thousands of short ones. Costs four bytes a string
// above the text. At most 4 GiB of text: Append throws LimitError beyond.
class StringTable {
 public:
  void Reserve(size_t strings, size_t bytes);
  void Append(std::string_view text);
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t index) const {
    const size_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(bytes_).substr(begin, ends_[index] - begin);
  }
  bool operator==(const StringTable&) const = default;

 private:
  std::string bytes_;
  std::vector<uint32_t> ends_;
};

enum class NumberType : uint8_t {
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kUint32,
  kInt32,
  kFloat32,
  kBool,
  kUint64,
  kInt64,
  kFloat64
};

using Number = std::variant<uint64_t, int64_t, double, bool>;

size_t NumberBytes(NumberType type);
// The number at `bytes`, little-endian, NumberBytes(type) of them. A kBool is true for any byte but 0.
Number DecodeNumber(NumberType type, const std::byte* bytes);

// Numbers or booleans in the width that the file has, so that hostile metadata takes no more memory than its bytes.
class NumberArray {
 public:
  // `bytes`: little-endian, a multiple of NumberBytes(type).
  NumberArray(NumberType type, std::span<const std::byte> bytes) : type_(type), bytes_(bytes.begin(), bytes.end()) {}
  NumberType type() const { return type_; }
  size_t size() const { return bytes_.size() / NumberBytes(type_); }
  Number operator[](size_t index) const { return DecodeNumber(type_, bytes_.data() + index * NumberBytes(type_)); }
  bool operator==(const NumberArray&) const = default;

 private:
  NumberType type_;
  std::vector<std::byte> bytes_;
};

// A value of a kind that has no place here, left out by the reader (json_metadata.h). What asks for its key is told so,
// rather than that the key is missing.
struct LeftOut {
  std::string_view what;  // "an object"; lives as long as the program
  bool operator==(const LeftOut&) const = default;
};
inline constexpr LeftOut kObjectLeftOut = {"an object"};  // its members have keys of their own

// Unsigned integers of every width are uint64_t, signed ones int64_t, floats double. Strings are bytes: not always
// UTF-8. Nested arrays are refused or left out by the readers.
using MetadataValue = std::variant<uint64_t, int64_t, double, bool, std::string, NumberArray, StringTable, LeftOut>;

class Metadata {
 public:
  // `source` is what messages call the file.
  explicit Metadata(std::string source) : source_(std::move(source)) {}

  const std::string& source() const { return source_; }
  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  const MetadataValue* Find(std::string_view key) const;
  // Whether members of an object are under the key (kObjectLeftOut); FormatError when it has another value.
  bool HasObject(std::string_view key) const;
  // JSON's null: there is no such value, and that is meant, so that no default takes its place.
  bool IsNull(std::string_view key) const { return nulls_.contains(key); }
  // Both throw FormatError when the key is already there.
  void Add(std::string key, MetadataValue value);
  void AddNull(std::string key);
  // Frees a large value that has been used (a vocabulary). A missing key is no error.
  void Remove(std::string_view key);

  // The value of `key` converted to the asked type. A wrong type, or a number that does not fit, is a FormatError that
  // names source, key, expected type and value; Require* throws one for a missing key too. A float is one of either
  // width, never an integer, nor the reverse; signed and unsigned integers are one type where the value fits.
  uint64_t RequireUint(std::string_view key, uint64_t min, uint64_t max) const;
  std::optional<uint64_t> GetUint(std::string_view key, uint64_t min, uint64_t max) const;
  double RequireFloat(std::string_view key, double min, double max) const;  // refuses NaN and infinity
  std::optional<double> GetFloat(std::string_view key, double min, double max) const;
  // A float or an integer, as a double: JSON does not tell 1 from 1.0.
  std::optional<double> GetNumber(std::string_view key, double min, double max) const;
  bool RequireBool(std::string_view key) const;
  std::optional<bool> GetBool(std::string_view key) const;
  std::string RequireString(std::string_view key) const;
  std::optional<std::string> GetString(std::string_view key) const;
  const StringTable& RequireStrings(std::string_view key) const;
  const StringTable* GetStrings(std::string_view key) const;
  // Whole arrays. Floats may be NaN or infinite here.
  std::optional<std::vector<double>> GetFloats(std::string_view key) const;
  std::optional<std::vector<int64_t>> GetInts(std::string_view key) const;
  std::optional<std::vector<bool>> GetBools(std::string_view key) const;

  const std::map<std::string, MetadataValue, std::less<>>& values() const { return values_; }

 private:
  void RequireNew(const std::string& key) const;
  const NumberArray* FindArray(std::string_view key, const char* expected) const;
  // Throws the FormatError of a key that is there or not and is not what was expected.
  [[noreturn]] void Refuse(std::string_view key, const std::string& expected) const;

  std::string source_;
  std::map<std::string, MetadataValue, std::less<>> values_;
  std::set<std::string, std::less<>> nulls_;
};

// A value as a message or a table shows it: numbers as they are, strings quoted and printable, arrays by type, length
// and first elements.
std::string Describe(const MetadataValue& value);

}  // namespace candor

#endif  // CANDOR_FORMAT_METADATA_H_
