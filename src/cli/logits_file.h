// A safetensors file with one tensor, "logits", written row by row.
#ifndef CANDOR_CLI_LOGITS_FILE_H_
#define CANDOR_CLI_LOGITS_FILE_H_

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace candor {

// Opened before the process is sealed; what the file held is gone when Begin() is called. Unless Finish() has been
// called the file is left empty, so that no half of one is taken for the whole. Errors are IoErrors naming the path.
class LogitsFile {
 public:
  explicit LogitsFile(const std::filesystem::path& path);
  ~LogitsFile();
  LogitsFile(const LogitsFile&) = delete;
  LogitsFile& operator=(const LogitsFile&) = delete;

  // The header of float32 "logits" [rows, columns].
  void Begin(uint64_t rows, uint64_t columns);
  // The next row: as many values as there are columns.
  void WriteRow(std::span<const float> row);
  // All rows must have been written.
  void Finish();

 private:
  [[noreturn]] void Fail(const char* what) const;
  void Write(std::string_view bytes);

  std::string name_;
  int descriptor_ = -1;
  uint64_t columns_ = 0;
  uint64_t rows_left_ = 0;
  bool finished_ = false;
};

}  // namespace candor

#endif  // CANDOR_CLI_LOGITS_FILE_H_
