// The pre-tokenizers that GGUF files name.
#ifndef CANDOR_TOKENIZER_GGUF_SPLITTERS_H_
#define CANDOR_TOKENIZER_GGUF_SPLITTERS_H_

#include <optional>
#include <string>
#include <string_view>

#include "tokenizer/splitter.h"

namespace candor {

struct NamedSplitters {
  Splitters splitters;
  bool whole_pieces = false;  // a piece that is a token as a whole is that token
  bool add_bos = false;       // where the file does not say
};

// What `tokenizer.ggml.pre` = `name` means; nothing for an unknown name.
std::optional<NamedSplitters> SplittersNamed(std::string_view name);
// The known names, for a message.
std::string KnownSplitterNames();

}  // namespace candor

#endif  // CANDOR_TOKENIZER_GGUF_SPLITTERS_H_
