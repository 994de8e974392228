#include "cli/standard_input.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace candor {

std::string ReadStandardInput(size_t max_bytes) {
  std::string text;
  char block[65536];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw IoError(std::string("standard input: ") + std::strerror(errno));
    if (got == 0) return text;
    text.append(block, static_cast<size_t>(got));
    if (text.size() > max_bytes) {
      throw LimitError("standard input: more than " + std::to_string(max_bytes >> 20) + " MiB");
    }
  }
}

}  // namespace candor
