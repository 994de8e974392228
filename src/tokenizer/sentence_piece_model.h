// SentencePiece's own file, `tokenizer.model`: a protocol buffer with the pieces, their scores and kinds, and how texts
// are prepared.
//
// Source: sentencepiece_model.proto's published fields and the protocol buffers' wire format.
#ifndef CANDOR_TOKENIZER_SENTENCE_PIECE_MODEL_H_
#define CANDOR_TOKENIZER_SENTENCE_PIECE_MODEL_H_

#include <string>
#include <string_view>

#include "format/metadata.h"

namespace candor {

// What the file says, as the keys `tokenizer.ggml.*` that a converter would write for it: both describe one vocabulary,
// and there is one reader of such keys. A pure function. Throws FormatError naming `source`, field and offset;
// UnsupportedError for a model that is not BPE, a normalizer that changes more than spaces, or one that removes spaces.
Metadata ParseSentencePieceModel(std::string_view bytes, const std::string& source);

}  // namespace candor

#endif  // CANDOR_TOKENIZER_SENTENCE_PIECE_MODEL_H_
