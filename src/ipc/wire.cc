#include "ipc/wire.h"

#include <limits>

#include "base/check.h"
#include "base/error.h"

namespace candor {

void WireWriter::Count(size_t count) {
  CHECK(count <= std::numeric_limits<uint32_t>::max());
  Number(static_cast<uint32_t>(count));
}

void WireWriter::String(std::string_view text) {
  Count(text.size());
  const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

bool WireReader::Bool() {
  const auto value = Number<uint8_t>();
  if (value > 1) throw FormatError("is " + std::to_string(value) + ", expected 0 or 1");
  return value == 1;
}

size_t WireReader::Count(size_t element_bytes) {
  const size_t count = Number<uint32_t>();
  if (count > remaining() / element_bytes) {
    throw FormatError("counts " + std::to_string(count) + " elements of " + std::to_string(element_bytes) +
                      " bytes or more, but " + std::to_string(remaining()) + " bytes follow");
  }
  return count;
}

std::string WireReader::String() {
  const std::span<const std::byte> bytes = Next(Count(1));
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void WireReader::Finish() const {
  if (remaining() > 0) throw FormatError(std::to_string(remaining()) + " bytes are left over, expected none");
}

std::span<const std::byte> WireReader::Next(size_t count) {
  if (count > remaining()) {
    throw FormatError("takes " + std::to_string(count) + " bytes, but " + std::to_string(remaining()) + " are left");
  }
  const std::span<const std::byte> next = bytes_.first(count);
  bytes_ = bytes_.subspan(count);
  return next;
}

}  // namespace candor
