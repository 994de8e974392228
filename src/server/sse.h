// Server-sent events as text. Source: the HTML standard, section 9.2.
#ifndef CANDOR_SERVER_SSE_H_
#define CANDOR_SERVER_SSE_H_

#include <string>
#include <string_view>

namespace candor {

// An event without a name whose data is `payload`, which has no line ends: JSON as the API writes it.
std::string SseData(std::string_view payload);

// A comment, which clients skip: line ends become blanks.
std::string SseComment(std::string_view text);

}  // namespace candor

#endif  // CANDOR_SERVER_SSE_H_
