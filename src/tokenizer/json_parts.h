// The parts of a tokenizer.json around its model. Each function takes the part's node, or nothing where it is null.
#ifndef CANDOR_TOKENIZER_JSON_PARTS_H_
#define CANDOR_TOKENIZER_JSON_PARTS_H_

#include <optional>

#include "tokenizer/json_node.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/splitter.h"
#include "tokenizer/tokenizer.h"

namespace candor {

// What `normalizer` holds: Unicode forms, Replace of a string, Prepend, Sequence.
Normalizer ReadNormalizer(const std::optional<JsonNode>& node);

struct JsonSplitters {
  bool byte_level = false;  // a ByteLevel is among them
  Normalizer space_rule;    // the prefix of ByteLevel, and what Metaspace does to spaces
  Splitters splitters;
};
// What `pre_tokenizer` holds: ByteLevel, Split, Digits, Punctuation, Metaspace, Sequence.
JsonSplitters ReadSplitters(const std::optional<JsonNode>& node);

struct JsonDecoder {
  bool byte_level = false;
  bool spaces = false;  // U+2581 becomes a space
  bool strips_leading_space = false;
};
// What `decoder` holds: ByteLevel, or Replace of U+2581, ByteFallback, Fuse, Strip, Metaspace; Sequence.
JsonDecoder ReadDecoder(const std::optional<JsonNode>& node);

// The special tokens that `post_processor` puts before and after a text.
struct JsonTemplate {
  std::optional<TokenId> before, after;
};
JsonTemplate ReadTemplate(const std::optional<JsonNode>& node, TokenId vocabulary_size);

}  // namespace candor

#endif  // CANDOR_TOKENIZER_JSON_PARTS_H_
