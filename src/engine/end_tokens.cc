#include "engine/end_tokens.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace candor {

std::vector<TokenId> EndTokens(const Tokenizer& tokenizer, const Metadata& config) {
  constexpr const char* kKey = "eos_token_id";
  std::vector<TokenId> tokens = tokenizer.end_tokens();
  const MetadataValue* value = config.Find(kKey);
  if (value == nullptr) return tokens;
  const size_t vocabulary = tokenizer.vocabulary_size();
  std::vector<int64_t> ids;
  if (std::holds_alternative<NumberArray>(*value)) {
    ids = *config.GetInts(kKey);
  } else {
    ids.push_back(static_cast<int64_t>(*config.GetUint(kKey, 0, INT64_MAX)));
  }
  for (const int64_t id : ids) {
    if (id < 0 || static_cast<uint64_t>(id) >= vocabulary) {
      throw FormatError(config.source() + ": metadata key \"" + kKey + "\": token " + std::to_string(id) +
                        " is not in the vocabulary of " + std::to_string(vocabulary));
    }
    const auto token = static_cast<TokenId>(id);
    if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) tokens.push_back(token);
  }
  return tokens;
}

}  // namespace candor
