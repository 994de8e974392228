#include "cli/standard_output.h"

#include <errno.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/error.h"
#include "cli/terminal/printable.h"

namespace candor {

bool UnderstandsEscapes(int descriptor) {
  const char* terminal = std::getenv("TERM");
  return ::isatty(descriptor) == 1 && terminal != nullptr && std::strcmp(terminal, "dumb") != 0;
}

bool ShowsStyles(int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  return UnderstandsEscapes(descriptor) && (no_color == nullptr || no_color[0] == '\0');
}

void PrintResult(std::string_view text) {
  const std::string shown = ::isatty(STDOUT_FILENO) == 1 ? ForTerminal(text) : std::string(text);
  if (std::fwrite(shown.data(), 1, shown.size(), stdout) != shown.size() || std::fflush(stdout) != 0) {
    throw IoError(std::string("standard output: cannot write: ") + std::strerror(errno));
  }
}

void Note(std::string_view text) { std::fprintf(stderr, "%s\n", ForTerminal(text).c_str()); }

void DimNote(std::string_view text) {
  const bool styled = ShowsStyles(STDERR_FILENO);
  std::fprintf(stderr, "%s%s%s\n", styled ? "\x1b[2m" : "", ForTerminal(text).c_str(), styled ? "\x1b[0m" : "");
}

}  // namespace candor
