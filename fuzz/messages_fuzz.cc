// What one of front and worker sends the other. A message that is accepted has one spelling: written again it gives the
// same bytes.
#include <algorithm>
#include <span>

#include "base/check.h"
#include "base/error.h"
#include "ipc/messages.h"

// The first byte chooses who reads.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace candor;
  if (size == 0) return 0;
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size)).subspan(1);
  try {
    const std::vector<std::byte> again =
        data[0] % 2 == 0 ? Encode(DecodeFrontMessage(bytes)) : Encode(DecodeWorkerMessage(bytes));
    CHECK(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  } catch (const FormatError&) {
  }
  return 0;
}
