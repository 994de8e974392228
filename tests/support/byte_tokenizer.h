// A tokenizer over bytes with special tokens of the test's choice.
#ifndef CANDOR_TESTS_SUPPORT_BYTE_TOKENIZER_H_
#define CANDOR_TESTS_SUPPORT_BYTE_TOKENIZER_H_

#include <algorithm>
#include <string>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace candor {

// Tokens 0 to 255 are the bytes, then come the control tokens, then the user-defined ones. Of special tokens that begin
// at one place the longest is found.
class ByteTokenizer : public Tokenizer {
 public:
  // `bos` and `ends` are among `control`.
  explicit ByteTokenizer(std::vector<std::string> control, std::vector<std::string> words = {},
                         const std::string& bos = "", const std::vector<std::string>& ends = {})
      : controls_(control.size()), special_(std::move(control)) {
    for (size_t byte = 0; byte < 256; ++byte) bytes_.push_back(static_cast<char>(byte));
    special_.insert(special_.end(), words.begin(), words.end());
    vocabulary_size_ = 256 + special_.size();
    bos_ = Find(bos);
    for (const std::string& end : ends) end_tokens_.push_back(*Find(end));
  }

  std::string_view Bytes(TokenId id) const override {
    const auto at = static_cast<size_t>(id);
    return at < 256 ? std::string_view(bytes_).substr(at, 1) : std::string_view(special_.at(at - 256));
  }
  std::string_view Piece(TokenId id) const override { return Bytes(id); }
  bool IsSpecial(TokenId id) const override { return id >= 256; }
  bool IsControl(TokenId id) const override { return id >= 256 && static_cast<size_t>(id) - 256 < controls_; }
  std::optional<TokenId> Find(std::string_view piece) const override {
    const auto at = std::find(special_.begin(), special_.end(), piece);
    if (piece.empty() || at == special_.end()) return std::nullopt;
    return static_cast<TokenId>(256 + (at - special_.begin()));
  }
  TokenId Id(std::string_view piece) const { return Find(piece).value(); }
  std::vector<TokenId> Tokens(std::string_view text) const { return Encode(text, true); }

 protected:
  std::vector<TokenId> DoEncode(std::string_view text, bool parse_special,
                                std::span<const size_t> literal) const override {
    std::vector<TokenId> ids;
    for (size_t at = 0; at < text.size();) {
      const bool is_literal = std::find(literal.begin(), literal.end(), at) != literal.end();
      size_t length = 0;
      TokenId token = static_cast<unsigned char>(text[at]);
      for (size_t i = 0; i < special_.size(); ++i) {
        const bool counts = i >= controls_ || parse_special;
        if (is_literal || !counts || special_[i].size() <= length || !text.substr(at).starts_with(special_[i]))
          continue;
        length = special_[i].size();
        token = static_cast<TokenId>(256 + i);
      }
      ids.push_back(token);
      at += std::max<size_t>(length, 1);
    }
    return ids;
  }

 private:
  size_t controls_;
  std::vector<std::string> special_;
  std::string bytes_;
};

// The special tokens of OpenAI's o200k_harmony that the format uses, all of them control tokens.
inline ByteTokenizer HarmonyTokenizer() {
  return ByteTokenizer(
      {"<|return|>", "<|constrain|>", "<|channel|>", "<|start|>", "<|end|>", "<|message|>", "<|call|>"}, {}, "",
      {"<|return|>", "<|call|>"});
}

}  // namespace candor

#endif  // CANDOR_TESTS_SUPPORT_BYTE_TOKENIZER_H_
