// Searches in text whose time is linear whatever the pattern is.
#ifndef CANDOR_CHAT_JINJA_SEARCH_H_
#define CANDOR_CHAT_JINJA_SEARCH_H_

#include <cstddef>
#include <string_view>
#include <vector>

namespace candor::jinja {

// Where `pattern` first occurs at or after byte `from`, or npos. An empty pattern is found at `from`.
size_t FindText(std::string_view text, std::string_view pattern, size_t from);
// Where `pattern` last occurs, or npos.
size_t FindLastText(std::string_view text, std::string_view pattern);
// The places of `pattern`, which is not empty, taken from the right without overlap: at most `limit` of them, in
// descending order.
std::vector<size_t> FindAllTextFromRight(std::string_view text, std::string_view pattern, size_t limit);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_SEARCH_H_
