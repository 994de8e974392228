// The pieces of a vocabulary: their spelling, the bytes they stand for, and their kind; found by their spelling.
#ifndef CANDOR_TOKENIZER_VOCABULARY_H_
#define CANDOR_TOKENIZER_VOCABULARY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/metadata.h"
#include "tokenizer/tokenizer.h"

namespace candor {

// With the numbers that GGUF gives them.
enum class TokenKind : uint8_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

inline constexpr TokenId kNoToken = -1;

class Vocabulary {
 public:
  // The three have one entry a token. Empty pieces are ids without a token; two equal pieces are a FormatError that
  // names `field` and both ids. Of `bytes` an empty entry stands for a piece that spells itself: most do.
  Vocabulary(StringTable pieces, StringTable bytes, std::vector<TokenKind> kinds, const std::string& field);

  size_t size() const { return kinds_.size(); }
  std::string_view Piece(TokenId id) const { return pieces_[static_cast<size_t>(id)]; }
  std::string_view Bytes(TokenId id) const {
    const std::string_view bytes = bytes_[static_cast<size_t>(id)];
    return bytes.empty() ? Piece(id) : bytes;
  }
  TokenKind Kind(TokenId id) const { return kinds_[static_cast<size_t>(id)]; }
  // The id of a spelling, or kNoToken. Looks at `hint` first, any id or kNoToken.
  TokenId Find(std::string_view piece, TokenId hint = kNoToken) const;
  // The same, for what a text may become without being asked: kNoToken for control tokens and the unknown one.
  TokenId FindOrdinary(std::string_view piece) const;
  // Whether the token is one of those two kinds.
  bool IsControl(TokenId id) const { return Kind(id) == TokenKind::kControl || Kind(id) == TokenKind::kUnknown; }
  // The longest spelling, in bytes.
  size_t longest() const { return longest_; }

 private:
  bool Index(uint64_t seed, const std::string& field);

  StringTable pieces_, bytes_;
  std::vector<TokenKind> kinds_;
  // Open addressing. The tag, other bits of the hash, spares most looks at a piece that is not the one.
  struct Slot {
    TokenId id = kNoToken;
    uint32_t tag = 0;
  };
  std::vector<Slot> slots_;
  uint64_t seed_ = 0;
  size_t longest_ = 0;
};

}  // namespace candor

#endif  // CANDOR_TOKENIZER_VOCABULARY_H_
