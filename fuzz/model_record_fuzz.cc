// The input is a model's record (NAME.json). An accepted one comes back equal after it was written again, and shows
// nothing unprintable.
#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "store/model_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace candor;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const ModelRecord record = ParseModelRecord(text, "fuzz");
    CHECK(IsPrintable(record.source) && IsPrintable(record.installed) && !record.files.empty());
    for (const auto& file : record.files) CHECK(IsSha256Hex(file.sha256) && IsPrintable(file.name));
    CHECK(ParseModelRecord(WriteModelRecord(record), "fuzz") == record);
  } catch (const Error&) {
  }
  return 0;
}
