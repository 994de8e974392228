// The input is a config.json. What is read must be printable, and everything that Boost's own parser of values refuses
// must be refused: two parsers of one text may not differ.
#include <boost/json/parse.hpp>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "format/json_metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace candor;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(text, error);
  try {
    const Metadata metadata = MetadataFromJson(text, "fuzz");
    CHECK(!error && value.is_object());
    for (const auto& [key, found] : metadata.values()) {
      CHECK(IsPrintable(key) && IsPrintable(Describe(found)));
      if (const boost::json::value* member = value.get_object().if_contains(key)) CHECK(!member->is_null());
    }
  } catch (const Error& refused) {
    CHECK(IsPrintable(refused.what()));
  }
  return 0;
}
