// What the store knows about a model besides its bytes: NAME.json beside NAME.gguf.
#ifndef CANDOR_STORE_MODEL_RECORD_H_
#define CANDOR_STORE_MODEL_RECORD_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace candor {

struct ModelRecord {
  struct FileRecord {
    std::string name;  // within the store's folder
    uint64_t bytes = 0;
    std::string sha256;  // 64 lower-case hexadecimal digits
    friend bool operator==(const FileRecord&, const FileRecord&) = default;
  };

  std::string source;     // where it came from, without credentials: packages, a URL, hf:OWNER/REPO/FILE
  std::string installed;  // UTC, "2026-11-22T06:15:00Z"
  std::vector<FileRecord> files;
  bool verified = true;  // false: the digest was not known beforehand, only computed

  friend bool operator==(const ModelRecord&, const ModelRecord&) = default;
};

constexpr size_t kMaxModelRecordBytes = 1 << 20;

// Indented JSON, with a final newline.
std::string WriteModelRecord(const ModelRecord& record);

// Throws FormatError naming `source_name` and the field.
ModelRecord ParseModelRecord(std::string_view json, const std::string& source_name);

// Exactly 64 lower-case hexadecimal digits.
bool IsSha256Hex(std::string_view text);

}  // namespace candor

#endif  // CANDOR_STORE_MODEL_RECORD_H_
