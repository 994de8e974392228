// The file of settings: entries or a FormatError, and every entry names its key and line.
#include "base/check.h"
#include "base/error.h"
#include "cli/config_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    for (const candor::ConfigEntry& entry :
         candor::ParseConfig({reinterpret_cast<const char*>(data), size}, "config.toml")) {
      CHECK(!entry.key.empty() && entry.line > 0);
    }
  } catch (const candor::FormatError&) {
  }
  return 0;
}
