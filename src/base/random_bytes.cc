#include "base/random_bytes.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/error.h"

namespace candor {

void FillRandom(std::span<std::byte> bytes) {
  CHECK(bytes.size() <= 256);  // for so few it is all or nothing: getrandom(2)
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw IoError(std::string("no random bytes from the system: ") + std::strerror(errno));
  }
}

}  // namespace candor
