#include <algorithm>
#include <functional>
#include <numeric>

#include "base/check.h"
#include "base/utf8.h"
#include "tokenizer/piece_model.h"
#include "tokenizer/sentence_piece.h"

namespace candor {
namespace {

bool ComesFromText(TokenKind kind) { return kind == TokenKind::kNormal || kind == TokenKind::kUserDefined; }

class ScoredBpe : public PieceModel {
 public:
  ScoredBpe(const Vocabulary& vocabulary, const std::vector<float>& scores, TokenId unknown)
      : vocabulary_(vocabulary), unknown_(unknown), byte_tokens_(ByteTokens(vocabulary)) {
    CHECK(scores.size() == vocabulary.size());
    std::vector<float> distinct(scores);
    std::sort(distinct.begin(), distinct.end(), std::greater<>());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    ranks_ = static_cast<int32_t>(distinct.size());
    rank_of_token_.resize(scores.size(), kNoRank);
    for (size_t id = 0; id < scores.size(); ++id) {
      if (!ComesFromText(vocabulary.Kind(static_cast<TokenId>(id)))) continue;
      const auto found = std::lower_bound(distinct.begin(), distinct.end(), scores[id], std::greater<>());
      rank_of_token_[id] = static_cast<int32_t>(found - distinct.begin());
      longest_ = std::max(longest_, vocabulary.Piece(static_cast<TokenId>(id)).size());
    }
  }

  void Encode(std::string_view piece, EncodeScratch& scratch, std::vector<TokenId>& out) const override {
    if (piece.empty()) return;
    Symbols symbols{*this, piece, scratch.begins, scratch.symbols};
    symbols.begins.clear();
    symbols.sizes.clear();
    for (size_t pos = 0; pos < piece.size(); pos += static_cast<size_t>(symbols.sizes.back())) {
      symbols.begins.push_back(static_cast<int32_t>(pos));
      symbols.sizes.push_back(static_cast<int32_t>(DecodeUtf8(piece, pos).bytes));
    }
    MergeSymbols(symbols, static_cast<int32_t>(symbols.begins.size()), ranks_, scratch.merge);
    bool after_unknown = false;
    for (int32_t i = 0; i >= 0; i = scratch.merge.nodes[i].next) {
      const std::string_view text = piece.substr(symbols.begins[i], symbols.sizes[i]);
      const TokenId id = vocabulary_.Find(text);
      if (id != kNoToken && rank_of_token_[id] != kNoRank) {
        out.push_back(id);
        after_unknown = false;
      } else {
        for (const char byte : text) PushByte(static_cast<uint8_t>(byte), after_unknown, out);
      }
    }
  }

 private:
  struct Symbols {
    const ScoredBpe& model;
    std::string_view text;
    std::vector<int32_t>& begins;
    std::vector<int32_t>& sizes;

    int32_t Rank(int32_t i, int32_t j) const {
      const auto size = static_cast<size_t>(sizes[i]) + static_cast<size_t>(sizes[j]);
      if (size > model.longest_) return kNoRank;
      const TokenId id = model.vocabulary_.Find(text.substr(begins[i], size));
      return id == kNoToken ? kNoRank : model.rank_of_token_[id];
    }
    void Join(int32_t i, int32_t j, int32_t) { sizes[i] += sizes[j]; }
  };

  void PushByte(uint8_t byte, bool& after_unknown, std::vector<TokenId>& out) const {
    if (byte_tokens_[byte] != kNoToken) {
      out.push_back(byte_tokens_[byte]);
      after_unknown = false;
    } else {
      if (unknown_ != kNoToken && !after_unknown) out.push_back(unknown_);
      after_unknown = true;
    }
  }

  const Vocabulary& vocabulary_;
  TokenId unknown_;
  std::array<TokenId, 256> byte_tokens_;
  std::vector<int32_t> rank_of_token_;  // of the scores, descending; kNoRank for what never comes from text
  int32_t ranks_ = 0;
  size_t longest_ = 0;  // of the pieces that merging makes
};

}  // namespace

std::unique_ptr<PieceModel> MakeScoredBpe(const Vocabulary& vocabulary, const std::vector<float>& scores,
                                          TokenId unknown) {
  return std::make_unique<ScoredBpe>(vocabulary, scores, unknown);
}

std::array<TokenId, 256> ByteTokens(const Vocabulary& vocabulary) {
  std::array<TokenId, 256> tokens;
  for (size_t byte = 0; byte < 256; ++byte) tokens[byte] = vocabulary.Find(NameOfByte(static_cast<uint8_t>(byte)));
  return tokens;
}

std::bitset<256> BytesBeforeInnerSpace(const Vocabulary& vocabulary) {
  std::bitset<256> bytes;
  for (size_t id = 0; id < vocabulary.size(); ++id) {
    const std::string_view piece = vocabulary.Piece(static_cast<TokenId>(id));
    for (size_t at = piece.find(kSentencePieceSpace, 1); at < piece.size();
         at = piece.find(kSentencePieceSpace, at + 1)) {
      bytes.set(static_cast<uint8_t>(piece[at - 1]));
    }
  }
  return bytes;
}

}  // namespace candor
