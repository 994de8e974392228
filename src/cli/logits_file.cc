#include "cli/logits_file.h"

#include <errno.h>

#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/checked.h"
#include "base/error.h"
#include "cli/terminal/write_all.h"

namespace candor {

static_assert(std::endian::native == std::endian::little, "rows are written as they are in memory");

LogitsFile::LogitsFile(const std::filesystem::path& path) : name_(path.string()), file_(path) {}

void LogitsFile::Write(std::string_view bytes) {
  if (!WriteAll(file_.descriptor(), bytes)) throw IoError(name_ + ": cannot write: " + std::strerror(errno));
}

void LogitsFile::Begin(uint64_t rows, uint64_t columns) {
  columns_ = columns;
  rows_left_ = rows;
  const uint64_t bytes = CheckedMul(CheckedMul(rows, columns, "logits"), sizeof(float), "logits");
  std::string header = "{\"logits\":{\"dtype\":\"F32\",\"shape\":[" + std::to_string(rows) + "," +
                       std::to_string(columns) + "],\"data_offsets\":[0," + std::to_string(bytes) + "]}}";
  header.resize((header.size() + 7) / 8 * 8, ' ');  // the format wants the data aligned to 8
  const uint64_t length = header.size();
  Write({reinterpret_cast<const char*>(&length), sizeof length});
  Write(header);
}

void LogitsFile::WriteRow(std::span<const float> row) {
  CHECK(row.size() == columns_ && rows_left_ > 0);
  --rows_left_;
  Write({reinterpret_cast<const char*>(row.data()), row.size_bytes()});
}

void LogitsFile::Finish() {
  CHECK(rows_left_ == 0);
  file_.Commit();
}

}  // namespace candor
