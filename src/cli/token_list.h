// Token ids as people and tools write them.
#ifndef CANDOR_CLI_TOKEN_LIST_H_
#define CANDOR_CLI_TOKEN_LIST_H_

#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace candor {

inline constexpr size_t kMaxTokenListBytes = 64u << 20;

// Whole numbers separated by commas, blanks or line ends, with or without [ ] around all of them. Throws FormatError
// naming `source`, the offset and what is there. The list may be empty.
std::vector<TokenId> ParseTokenList(std::string_view text, const std::string& source);

// Throws FormatError naming `source`, the index and the id of the first token that is not below `vocabulary`.
void CheckTokens(const std::vector<TokenId>& tokens, size_t vocabulary, const std::string& source);

}  // namespace candor

#endif  // CANDOR_CLI_TOKEN_LIST_H_
