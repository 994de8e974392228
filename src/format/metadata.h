// A model file's metadata: typed values by key. Knows no architecture.
#ifndef CANDOR_FORMAT_METADATA_H_
#define CANDOR_FORMAT_METADATA_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace candor {

// Many strings in one allocation: vocabularies have hundreds of thousands of short ones.
class StringTable {
 public:
  void Reserve(size_t strings, size_t bytes);
  void Append(std::string_view text);
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t index) const {
    const size_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(bytes_).substr(begin, ends_[index] - begin);
  }

 private:
  std::string bytes_;
  std::vector<size_t> ends_;
};

// An array of numbers or booleans keeps one of the three widest types; nested arrays are refused by the readers.
using MetadataValue = std::variant<uint64_t, int64_t, double, bool, std::string, std::vector<uint64_t>,
                                   std::vector<int64_t>, std::vector<double>, std::vector<bool>, StringTable>;

class Metadata {
 public:
  // `source` is what messages call the file.
  explicit Metadata(std::string source) : source_(std::move(source)) {}

  const std::string& source() const { return source_; }
  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  const MetadataValue* Find(std::string_view key) const;
  // Throws FormatError when the key is already there.
  void Add(std::string key, MetadataValue value);
  // Frees a large value that has been used (a vocabulary).
  void Remove(std::string_view key);

  // The value of `key` converted to the asked type. A wrong type, or a number that does not fit, is a FormatError that
  // names source, key, expected type and value; Require* throws one for a missing key too.
  uint64_t RequireUint(std::string_view key, uint64_t min, uint64_t max) const;
  std::optional<uint64_t> GetUint(std::string_view key, uint64_t min, uint64_t max) const;
  double RequireFloat(std::string_view key, double min, double max) const;  // refuses NaN and infinity
  std::optional<double> GetFloat(std::string_view key, double min, double max) const;
  std::optional<bool> GetBool(std::string_view key) const;
  std::string RequireString(std::string_view key) const;
  std::optional<std::string> GetString(std::string_view key) const;
  const StringTable& RequireStrings(std::string_view key) const;
  const StringTable* GetStrings(std::string_view key) const;
  std::optional<std::vector<double>> GetFloats(std::string_view key) const;
  std::optional<std::vector<int64_t>> GetInts(std::string_view key) const;
  std::optional<std::vector<bool>> GetBools(std::string_view key) const;

  const std::map<std::string, MetadataValue, std::less<>>& values() const { return values_; }

 private:
  std::string source_;
  std::map<std::string, MetadataValue, std::less<>> values_;
};

}  // namespace candor

#endif  // CANDOR_FORMAT_METADATA_H_
