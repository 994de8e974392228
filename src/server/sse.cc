#include "server/sse.h"

#include <algorithm>

#include "base/check.h"

namespace candor {

std::string SseData(std::string_view payload) {
  CHECK(payload.find_first_of("\r\n") == std::string_view::npos);
  std::string event = "data: ";
  event.append(payload).append("\n\n");
  return event;
}

std::string SseComment(std::string_view text) {
  std::string comment = ": ";
  comment.append(text);
  std::ranges::replace_if(
      comment, [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return comment.append("\n\n");
}

}  // namespace candor
