// The escapes of a string literal in a template.
#ifndef CANDOR_CHAT_JINJA_STRING_LITERAL_H_
#define CANDOR_CHAT_JINJA_STRING_LITERAL_H_

#include <string>
#include <string_view>

namespace candor::jinja {

// `body` without its quotes; escapes as in a Python literal (unknown ones stay as they are). Fails at `line` for one
// that is cut short or makes no character, and for \N{...}.
std::string ResolveEscapes(std::string_view body, int line);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_STRING_LITERAL_H_
