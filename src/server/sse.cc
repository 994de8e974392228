#include "server/sse.h"

#include <algorithm>

namespace candor {
namespace {

// Each line of `text` behind `prefix`; a line ends in CR LF, LF or CR, as it does for the reader.
std::string Lines(std::string_view prefix, std::string_view text) {
  std::string out;
  out.reserve(text.size() + prefix.size() + 2);
  for (;;) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    out += prefix;
    out += text.substr(0, end);
    out += '\n';
    if (end == text.size()) return out;
    text.remove_prefix(text.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
}

}  // namespace

std::string SseData(std::string_view data) { return Lines("data: ", data) + "\n"; }

std::string SseComment(std::string_view text) { return Lines(": ", text) + "\n"; }

}  // namespace candor
