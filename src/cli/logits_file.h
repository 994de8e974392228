// A safetensors file with one tensor, "logits", written row by row.
#ifndef CANDOR_CLI_LOGITS_FILE_H_
#define CANDOR_CLI_LOGITS_FILE_H_

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "cli/pending_file.h"

namespace candor {

// Made before the process is sealed (PendingFile); it has its name, and what had it before is gone, when Finish() has
// been called: no half of one is left. Errors are IoErrors naming the path.
class LogitsFile {
 public:
  explicit LogitsFile(const std::filesystem::path& path);
  // The header of float32 "logits" [rows, columns].
  void Begin(uint64_t rows, uint64_t columns);
  // The next row: as many values as there are columns.
  void WriteRow(std::span<const float> row);
  // All rows must have been written.
  void Finish();

 private:
  void Write(std::string_view bytes);

  std::string name_;
  PendingFile file_;
  uint64_t columns_ = 0;
  uint64_t rows_left_ = 0;
};

}  // namespace candor

#endif  // CANDOR_CLI_LOGITS_FILE_H_
