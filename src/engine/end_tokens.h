// The tokens that end an answer.
#ifndef CANDOR_ENGINE_END_TOKENS_H_
#define CANDOR_ENGINE_END_TOKENS_H_

#include <vector>

#include "format/metadata.h"
#include "tokenizer/tokenizer.h"

namespace candor {

// Those of the tokenizer, then those that `eos_token_id` of a generation_config.json or config.json adds: a number or a
// list. FormatError when one is outside the vocabulary.
std::vector<TokenId> EndTokens(const Tokenizer& tokenizer, const Metadata& config);

}  // namespace candor

#endif  // CANDOR_ENGINE_END_TOKENS_H_
