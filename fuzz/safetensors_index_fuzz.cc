// The input is a model.safetensors.index.json. What is accepted names plain files and every tensor once; nothing but
// candor::Error may leave the reader.
#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "format/safetensors_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace candor;
  try {
    const SafetensorsIndex index = ParseSafetensorsIndex({reinterpret_cast<const char*>(data), size}, "fuzz");
    CHECK(!index.tensors.empty());
    CHECK(std::is_sorted(index.files.begin(), index.files.end(), std::less_equal<>()));
    for (const std::string& file : index.files) {
      CHECK(IsPrintable(file) && file.ends_with(".safetensors") && file.find('/') == std::string::npos);
    }
    const std::string* last = nullptr;
    for (const SafetensorsIndex::Entry& entry : index.tensors) {
      CHECK(entry.file < index.files.size() && IsPrintable(entry.tensor) && !entry.tensor.empty());
      CHECK(last == nullptr || *last < entry.tensor);
      last = &entry.tensor;
    }
  } catch (const Error& error) {
    CHECK(IsPrintable(error.what()));
  }
  return 0;
}
