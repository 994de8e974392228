// Text to tokens and back.
#ifndef CANDOR_TOKENIZER_TOKENIZER_H_
#define CANDOR_TOKENIZER_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "format/checkpoint.h"
#include "format/metadata.h"

namespace candor {

using TokenId = int32_t;

// A vocabulary with its rules. Immutable once made: any number of threads may use one.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // The tokens of `text`. Control tokens written out in the text ("<|im_end|>") become their ids when `parse_special`,
  // and plain text otherwise: so no text can spell one that was not asked for. User-defined tokens are words of the
  // vocabulary (runs of spaces, "<think>" in some models) and always found. No BOS or EOS is added. Any bytes are
  // accepted, UTF-8 or not; a byte that the vocabulary cannot express becomes its unknown token, or vanishes. O(n log
  // n) in the length of the text, in practice linear, with a stack that does not depend on it. LimitError above 256
  // MiB, and when a pattern that the file brought takes too many steps.
  std::vector<TokenId> Encode(std::string_view text, bool parse_special) const {
    return DoEncode(text, parse_special, {});
  }
  // The same for a text in which control tokens count but for somebody else's words: no special token is recognised
  // that begins at one of the byte offsets `literal` (in ascending order).
  std::vector<TokenId> EncodeGuarded(std::string_view text, std::span<const size_t> literal) const {
    return DoEncode(text, true, literal);
  }

  // The bytes that `id` stands for inside a text; for a special token its name. `id` must be in [0, vocabulary_size).
  virtual std::string_view Bytes(TokenId id) const = 0;

  // The piece as the vocabulary spells it ("Ġhello", "▁hello", "<0x0A>").
  virtual std::string_view Piece(TokenId id) const = 0;

  // Control and user-defined tokens: those which Encode recognises in a text as a whole.
  virtual bool IsSpecial(TokenId id) const = 0;
  // Control tokens, and the unknown token: never shown to a user.
  virtual bool IsControl(TokenId id) const = 0;
  // The id of a token by its exact spelling in the vocabulary.
  virtual std::optional<TokenId> Find(std::string_view piece) const = 0;

  size_t vocabulary_size() const { return vocabulary_size_; }
  std::optional<TokenId> bos() const { return bos_; }
  std::optional<TokenId> eos() const { return eos_; }
  // Every token that ends an answer: EOS, and the end-of-turn tokens of the vocabulary (<|im_end|>, <|eot_id|>, ...).
  const std::vector<TokenId>& end_tokens() const { return end_tokens_; }
  // Whether a text begins with BOS / ends with EOS when the model is given it as it is (no template).
  bool add_bos() const { return add_bos_; }
  bool add_eos() const { return add_eos_; }
  // Whether the first token decoded loses a leading space that encoding put there (SentencePiece's dummy prefix).
  bool strips_leading_space() const { return strips_leading_space_; }

 protected:
  virtual std::vector<TokenId> DoEncode(std::string_view text, bool parse_special,
                                        std::span<const size_t> literal) const = 0;

  size_t vocabulary_size_ = 0;
  std::optional<TokenId> bos_, eos_;
  std::vector<TokenId> end_tokens_;
  bool add_bos_ = false;
  bool add_eos_ = false;
  bool strips_leading_space_ = false;
};

// From the `tokenizer.ggml.*` keys of a GGUF file: models "gpt2" (byte-level BPE) and "llama" (SentencePiece BPE).
// FormatError names the key; UnsupportedError another model or an unknown pre-tokenizer, with those that are known.
std::unique_ptr<Tokenizer> TokenizerFromGguf(const Metadata& metadata);

// From the text of a Hugging Face `tokenizer.json`; `config` is the text of `tokenizer_config.json`, or empty. BPE
// models, byte-level or over characters; FormatError and UnsupportedError name `source` and the field.
std::unique_ptr<Tokenizer> TokenizerFromJson(std::string_view tokenizer_json, std::string_view config,
                                             const std::string& source);

// From the bytes of SentencePiece's own `tokenizer.model`, BPE models whose normalizer only replaces spaces; `config`
// is the text of `tokenizer_config.json`, or empty. What its added_tokens_decoder has under an id is the token of that
// id: a control token where it is special, else a user-defined one; pieces that are control tokens or bytes already
// stay so. UnsupportedError for a bos_token, eos_token or additional special token that neither file gives an id.
// FormatError and UnsupportedError name `source` and the field.
std::unique_ptr<Tokenizer> TokenizerFromSentencePiece(std::string_view model, std::string_view config,
                                                      const std::string& source);

// The tokenizer that a checkpoint brings: one of the above. A folder's tokenizer.json counts before its
// tokenizer.model; FormatError when it has neither.
std::unique_ptr<Tokenizer> TokenizerOf(const Checkpoint& checkpoint);

// Turns tokens into text as they come. Emits whole UTF-8 characters only: bytes of an unfinished one are kept until
// it is finished, and replaced by U+FFFD (by the rule of Unicode 15, table 3-8) when it cannot be.
class StreamingDetokenizer {
 public:
  // `show_special`: control tokens appear by their names instead of vanishing. `continues`: the first token goes on
  // with a text that is already there, and so keeps a leading space. The tokenizer must outlive it.
  explicit StreamingDetokenizer(const Tokenizer& tokenizer, bool show_special = false, bool continues = false);

  // What can be shown after `id`, which must be in [0, vocabulary_size); may be empty.
  std::string Add(TokenId id);
  // What is left at the end.
  std::string Finish();

 private:
  const Tokenizer* tokenizer_;
  bool show_special_;
  bool at_start_;
  Utf8Assembler characters_;
};

// All of `ids` at once, by the same rules.
std::string Decode(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, bool show_special = false);

}  // namespace candor

#endif  // CANDOR_TOKENIZER_TOKENIZER_H_
