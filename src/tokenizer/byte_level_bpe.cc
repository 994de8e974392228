#include <utility>

#include "base/utf8.h"
#include "tokenizer/byte_encoding.h"
#include "tokenizer/piece_model.h"

namespace candor {
namespace {

struct IdSymbols {
  const MergeTable& merges;
  std::vector<int32_t>& ids;

  int32_t Rank(int32_t i, int32_t j) const { return merges.Rank(ids[i], ids[j]); }
  void Join(int32_t i, int32_t, int32_t rank) { ids[i] = merges.Result(rank); }
};

void MergeIds(const MergeTable& merges, EncodeScratch& scratch, std::vector<TokenId>& out) {
  if (scratch.symbols.empty()) return;
  IdSymbols symbols{merges, scratch.symbols};
  MergeSymbols(symbols, static_cast<int32_t>(scratch.symbols.size()), merges.size(), scratch.merge);
  for (int32_t i = 0; i >= 0; i = scratch.merge.nodes[i].next) out.push_back(scratch.symbols[i]);
}

class ByteLevelBpe : public PieceModel {
 public:
  ByteLevelBpe(const Vocabulary& vocabulary, MergeTable merges, bool whole_pieces, TokenId unknown)
      : vocabulary_(vocabulary), merges_(std::move(merges)), whole_pieces_(whole_pieces) {
    for (size_t byte = 0; byte < 256; ++byte) {
      std::string spelling;
      AppendUtf8(SpellByte(static_cast<uint8_t>(byte)), spelling);
      byte_tokens_[byte] = vocabulary.Find(spelling);
      if (byte_tokens_[byte] == kNoToken) byte_tokens_[byte] = unknown;
    }
  }

  void Encode(std::string_view piece, EncodeScratch& scratch, std::vector<TokenId>& out) const override {
    // A spelling has one or two bytes a byte, so a longer piece cannot be a token.
    if (whole_pieces_ && piece.size() <= vocabulary_.longest()) {
      scratch.spelling.clear();
      SpellBytes(piece, scratch.spelling);
      if (const TokenId id = vocabulary_.FindOrdinary(scratch.spelling); id != kNoToken) {
        out.push_back(id);
        return;
      }
    }
    scratch.symbols.clear();
    for (const char byte : piece) {
      const TokenId id = byte_tokens_[static_cast<uint8_t>(byte)];
      if (id != kNoToken) scratch.symbols.push_back(id);
    }
    MergeIds(merges_, scratch, out);
  }

 private:
  const Vocabulary& vocabulary_;
  MergeTable merges_;
  bool whole_pieces_;
  std::array<TokenId, 256> byte_tokens_;
};

class CharacterBpe : public PieceModel {
 public:
  CharacterBpe(const Vocabulary& vocabulary, MergeTable merges, const CharacterBpeRules& rules)
      : vocabulary_(vocabulary), merges_(std::move(merges)), rules_(rules), byte_tokens_(ByteTokens(vocabulary)) {}

  void Encode(std::string_view piece, EncodeScratch& scratch, std::vector<TokenId>& out) const override {
    if (rules_.whole_pieces) {
      if (const TokenId id = vocabulary_.FindOrdinary(piece); id != kNoToken) {
        out.push_back(id);
        return;
      }
    }
    scratch.symbols.clear();
    bool after_unknown = false;
    for (size_t pos = 0; pos < piece.size();) {
      const std::string_view character = piece.substr(pos, DecodeUtf8(piece, pos).bytes);
      pos += character.size();
      const TokenId id = vocabulary_.FindOrdinary(character);
      if (id != kNoToken) {
        scratch.symbols.push_back(id);
      } else if (!PushBytes(character, scratch.symbols)) {
        const bool fused = after_unknown && rules_.fuse_unknown;
        if (rules_.unknown != kNoToken && !fused) scratch.symbols.push_back(rules_.unknown);
        after_unknown = true;
        continue;
      }
      after_unknown = false;
    }
    MergeIds(merges_, scratch, out);
  }

 private:
  bool PushBytes(std::string_view character, std::vector<int32_t>& symbols) const {
    if (!rules_.byte_fallback) return false;
    for (const char byte : character) {
      if (byte_tokens_[static_cast<uint8_t>(byte)] == kNoToken) return false;
    }
    for (const char byte : character) symbols.push_back(byte_tokens_[static_cast<uint8_t>(byte)]);
    return true;
  }

  const Vocabulary& vocabulary_;
  MergeTable merges_;
  CharacterBpeRules rules_;
  std::array<TokenId, 256> byte_tokens_;
};

}  // namespace

std::unique_ptr<PieceModel> MakeByteLevelBpe(const Vocabulary& vocabulary, MergeTable merges, bool whole_pieces,
                                             TokenId unknown) {
  return std::make_unique<ByteLevelBpe>(vocabulary, std::move(merges), whole_pieces, unknown);
}

std::unique_ptr<PieceModel> MakeCharacterBpe(const Vocabulary& vocabulary, MergeTable merges,
                                             const CharacterBpeRules& rules) {
  return std::make_unique<CharacterBpe>(vocabulary, std::move(merges), rules);
}

}  // namespace candor
