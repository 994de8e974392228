// Server-sent events (WHATWG HTML, section 9.2) as bytes. Pure.
#ifndef CANDOR_SERVER_SSE_H_
#define CANDOR_SERVER_SSE_H_

#include <string>
#include <string_view>

namespace candor {

// An event without a name: a client that puts its data together gets `data` back, but for line ends, which all become
// LF.
std::string SseData(std::string_view data);

// What no client shows, and every proxy takes for a sign of life. Line ends in `text` begin further comments.
std::string SseComment(std::string_view text);

}  // namespace candor

#endif  // CANDOR_SERVER_SSE_H_
