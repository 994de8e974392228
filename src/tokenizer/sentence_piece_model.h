// SentencePiece's own file, `tokenizer.model`: a protocol buffer with the pieces, their scores and kinds, and how texts
// are prepared.
//
// Source: sentencepiece_model.proto's published fields and the protocol buffers' wire format.
#ifndef CANDOR_TOKENIZER_SENTENCE_PIECE_MODEL_H_
#define CANDOR_TOKENIZER_SENTENCE_PIECE_MODEL_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/metadata.h"
#include "tokenizer/vocabulary.h"

namespace candor {

struct SentencePieceModel {
  // One entry a piece. Nothing is known of texts and scores but that they are there.
  StringTable pieces;
  std::vector<float> scores;
  std::vector<TokenKind> kinds;  // numbered as SentencePiece does
  bool dummy_prefix = true;
  // Negative: there is none. They may lie outside the pieces.
  int32_t unknown = 0, bos = 1, eos = 2;
};

// A pure function. Throws FormatError naming `source`, field and offset; UnsupportedError for a model that is not BPE,
// a normalizer that changes more than spaces, or one that removes spaces.
SentencePieceModel ParseSentencePieceModel(std::string_view bytes, const std::string& source);

}  // namespace candor

#endif  // CANDOR_TOKENIZER_SENTENCE_PIECE_MODEL_H_
