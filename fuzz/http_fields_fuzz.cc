// The input is a header line from a server.
#include "base/check.h"
#include "store/http_fields.h"
#include "store/model_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace candor;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto field = ParseHeaderLine(line);
  const std::string_view value = field ? std::string_view(field->value) : line;
  if (const auto range = ParseContentRange(value)) {
    CHECK(range->begin || range->total);
    if (range->begin && range->total) CHECK(*range->begin < *range->total);
  }
  const std::string digest = Sha256FromEtag(value);
  CHECK(digest.empty() || IsSha256Hex(digest));
  if (IsStrongEtag(value)) CHECK(value.find_first_of("\r\n") == std::string_view::npos);
  if (const auto number = ParseDecimal(value)) CHECK(ParseDecimal(std::to_string(*number)) == number);
  return 0;
}
