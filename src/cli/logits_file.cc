#include "cli/logits_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/checked.h"
#include "base/error.h"
#include "cli/terminal/write_all.h"

namespace candor {

static_assert(std::endian::native == std::endian::little, "rows are written as they are in memory");

LogitsFile::LogitsFile(const std::filesystem::path& path) : name_(path.string()) {
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) Fail("cannot open for writing");
}

LogitsFile::~LogitsFile() {
  // Nothing can be done about a failure here: the error that led here is on its way.
  if (!finished_ && columns_ > 0) (void)!::ftruncate(descriptor_, 0);
  ::close(descriptor_);
}

void LogitsFile::Fail(const char* what) const { throw IoError(name_ + ": " + what + ": " + std::strerror(errno)); }

void LogitsFile::Write(std::string_view bytes) {
  if (!WriteAll(descriptor_, bytes)) Fail("cannot write");
}

void LogitsFile::Begin(uint64_t rows, uint64_t columns) {
  columns_ = columns;
  rows_left_ = rows;
  const uint64_t bytes = CheckedMul(CheckedMul(rows, columns, "logits"), sizeof(float), "logits");
  std::string header = "{\"logits\":{\"dtype\":\"F32\",\"shape\":[" + std::to_string(rows) + "," +
                       std::to_string(columns) + "],\"data_offsets\":[0," + std::to_string(bytes) + "]}}";
  header.resize((header.size() + 7) / 8 * 8, ' ');  // the format wants the data aligned to 8
  const uint64_t length = header.size();
  // A pipe or a device has no length to cut.
  if (::ftruncate(descriptor_, 0) != 0 && errno != EINVAL) Fail("cannot empty the file");
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
  finished_ = true;
}

}  // namespace candor
