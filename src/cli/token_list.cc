#include "cli/token_list.h"

#include <charconv>

#include "base/error.h"
#include "base/utf8.h"

namespace candor {
namespace {}  // namespace

std::vector<TokenId> ParseTokenList(std::string_view text, const std::string& source) {
  std::vector<TokenId> tokens;
  size_t at = 0;
  const auto fail = [&](const char* expected) {
    throw FormatError(source + ": offset " + std::to_string(at) + ": expected " + expected);
  };
  const auto skip_blanks = [&] {
    while (at < text.size() && kBlanks.find(text[at]) != std::string_view::npos) ++at;
  };
  skip_blanks();
  const bool bracket = at < text.size() && text[at] == '[';
  if (bracket) ++at;
  for (bool comma = false;;) {
    skip_blanks();
    if (at == text.size() || text[at] == ']') {
      if (comma) fail("a token id after the comma");
      break;
    }
    TokenId token = 0;
    const auto result = std::from_chars(text.data() + at, text.data() + text.size(), token);
    if (result.ec != std::errc() || token < 0) fail("a token id");
    tokens.push_back(token);
    at = static_cast<size_t>(result.ptr - text.data());
    const size_t after = at;
    skip_blanks();
    comma = at < text.size() && text[at] == ',';
    if (comma) ++at;
    if (!comma && at == after && at < text.size() && text[at] != ']') fail("a comma or a blank between token ids");
  }
  if (bracket != (at < text.size())) fail(bracket ? "']'" : "a token id");
  if (bracket) {
    ++at;
    skip_blanks();
    if (at != text.size()) fail("nothing after ']'");
  }
  return tokens;
}

void CheckTokens(const std::vector<TokenId>& tokens, size_t vocabulary, const std::string& source) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || static_cast<size_t>(tokens[i]) >= vocabulary) {
      throw FormatError(source + ": token " + std::to_string(i) + " is " + std::to_string(tokens[i]) +
                        "; the model knows 0 to " + std::to_string(vocabulary - 1));
    }
  }
}

}  // namespace candor
