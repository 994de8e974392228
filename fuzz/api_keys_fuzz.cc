// The input is a file of API keys.
#include "base/check.h"
#include "base/error.h"
#include "server/keys.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace candor;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CHECK(FindApiKey({}, text) == nullptr);
  const size_t half = size / 2;
  ModelsInclude({std::string(text.substr(0, half))}, text.substr(half));
  try {
    const std::vector<ApiKey> keys = ParseApiKeys(text, "keys.json");
    const std::string written = WriteApiKeys(keys);
    CHECK(WriteApiKeys(ParseApiKeys(written, "keys.json")) == written);
  } catch (const FormatError&) {
  }
  return 0;
}
