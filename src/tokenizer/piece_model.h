// Pieces of text to tokens: the models behind the pre-tokenizers. Each is immutable and refers to a vocabulary that
// must outlive it.
#ifndef CANDOR_TOKENIZER_PIECE_MODEL_H_
#define CANDOR_TOKENIZER_PIECE_MODEL_H_

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/merge.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/vocabulary.h"

namespace candor {

// Buffers of one encoding, to be used again for every piece.
struct EncodeScratch {
  MergeScratch merge;
  std::vector<int32_t> symbols;
  std::vector<int32_t> begins;
  std::string spelling;
};

class PieceModel {
 public:
  virtual ~PieceModel() = default;
  // Appends the tokens of `piece`, any bytes, below 2 GiB.
  virtual void Encode(std::string_view piece, EncodeScratch& scratch, std::vector<TokenId>& out) const = 0;
};

// Byte-level BPE, as GPT-2 uses it. A piece that is in the vocabulary as a whole is one token when `whole_pieces`
// (Hugging Face calls it ignore_merges). A byte that no token spells becomes `unknown`, or vanishes when that is
// kNoToken.
std::unique_ptr<PieceModel> MakeByteLevelBpe(const Vocabulary& vocabulary, MergeTable merges, bool whole_pieces,
                                             TokenId unknown);

// BPE over characters. A character without a token becomes the tokens of its bytes, <0x00> to <0xFF>, when all of them
// are there and `byte_fallback`; otherwise it is `unknown` (kNoToken: it vanishes), and neighbours share one when
// `fuse_unknown`.
struct CharacterBpeRules {
  bool whole_pieces = false;
  bool byte_fallback = true;
  bool fuse_unknown = true;
  TokenId unknown = kNoToken;
};
std::unique_ptr<PieceModel> MakeCharacterBpe(const Vocabulary& vocabulary, MergeTable merges,
                                             const CharacterBpeRules& rules);

// SentencePiece's BPE: neighbours whose text together is a piece merge, the highest score first. Only normal and
// user-defined tokens come out of it, bytes that no token covers as <0x00> to <0xFF>, or as `unknown`. Source: Kudo and
// Richardson, "SentencePiece", 2018, and its model format. `scores` has one entry a token.
std::unique_ptr<PieceModel> MakeScoredBpe(const Vocabulary& vocabulary, const std::vector<float>& scores,
                                          TokenId unknown);

// The token of each byte by its name, "<0x0A>"; kNoToken where there is none.
std::array<TokenId, 256> ByteTokens(const Vocabulary& vocabulary);

// The bytes b for which a piece holds b followed by U+2581, SentencePiece's space. Where a space follows another byte
// no merge reaches across, so that a text may be cut there.
std::bitset<256> BytesBeforeInnerSpace(const Vocabulary& vocabulary);

}  // namespace candor

#endif  // CANDOR_TOKENIZER_PIECE_MODEL_H_
