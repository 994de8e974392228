// A tokenizer whose pieces are given.
#ifndef CANDOR_TESTS_SUPPORT_FAKE_TOKENIZER_H_
#define CANDOR_TESTS_SUPPORT_FAKE_TOKENIZER_H_

#include <cstring>
#include <string>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace candor {

// Every piece is a token, in order.
class FakeTokenizer : public Tokenizer {
 public:
  explicit FakeTokenizer(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {
    vocabulary_size_ = pieces_.size();
  }
  std::string_view Bytes(TokenId id) const override { return pieces_.at(static_cast<size_t>(id)); }
  std::string_view Piece(TokenId id) const override { return Bytes(id); }
  bool IsSpecial(TokenId id) const override { return IsControl(id); }
  bool IsControl(TokenId id) const override { return Bytes(id).substr(0, 2) == "<|"; }
  std::optional<TokenId> Find(std::string_view) const override { return std::nullopt; }

 protected:
  std::vector<TokenId> DoEncode(std::string_view, bool, std::span<const size_t>) const override { return {}; }

 private:
  std::vector<std::string> pieces_;
};

}  // namespace candor

#endif  // CANDOR_TESTS_SUPPORT_FAKE_TOKENIZER_H_
