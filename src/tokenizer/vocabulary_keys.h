// The one reader of a vocabulary that is a list of pieces with scores, kinds and settings, whatever file brings it.
#ifndef CANDOR_TOKENIZER_VOCABULARY_KEYS_H_
#define CANDOR_TOKENIZER_VOCABULARY_KEYS_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "format/metadata.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/tokenizer.h"

namespace candor {

// What a file calls a setting that GGUF has under "tokenizer.ggml." + `name`: metadata have it under this key, and so
// messages name it by the file's own word.
using VocabularyKey = std::string (*)(std::string_view name);

// As TokenizerFromGguf. `rules`, ordered by id: which of the control and user-defined tokens take the white space
// beside them, or are found as single words only; their ids are in the vocabulary, with these texts.
std::unique_ptr<Tokenizer> TokenizerFromKeys(const Metadata& metadata, VocabularyKey key,
                                             std::span<const AddedToken> rules);

}  // namespace candor

#endif  // CANDOR_TOKENIZER_VOCABULARY_KEYS_H_
