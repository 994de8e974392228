// A folder's tokenizer_config.json: what it says of a vocabulary that another file brings.
#ifndef CANDOR_TOKENIZER_TOKENIZER_CONFIG_H_
#define CANDOR_TOKENIZER_TOKENIZER_CONFIG_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/added_tokens.h"

namespace candor {

struct TokenizerConfig {
  // A token by its text, and the field that names it.
  struct NamedToken {
    std::string field, text;
  };

  std::optional<bool> add_bos, add_eos;        // add_bos_token, add_eos_token
  std::optional<NamedToken> bos, eos;          // bos_token, eos_token
  std::vector<NamedToken> additional_special;  // additional_special_tokens
  std::vector<AddedToken> added;               // added_tokens_decoder, ordered by id, each text not empty
};

// Reads the fields above and leaves the others alone; null and the empty name of a token are as if the field were not
// there. FormatError naming `source` and field for an id that is no decimal number from 0 to 2147483647, for a name
// that appears twice in an object, and for a value of another kind; LimitError beyond 4 MiB, and for a
// token of more than kMaxAddedTokenBytes.
TokenizerConfig ReadTokenizerConfig(std::string_view text, const std::string& source);

}  // namespace candor

#endif  // CANDOR_TOKENIZER_TOKENIZER_CONFIG_H_
