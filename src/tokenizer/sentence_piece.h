// How SentencePiece vocabularies spell spaces and bytes.
#ifndef CANDOR_TOKENIZER_SENTENCE_PIECE_H_
#define CANDOR_TOKENIZER_SENTENCE_PIECE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace candor {

// U+2581, which stands for a space.
inline constexpr std::string_view kSentencePieceSpace = "\xE2\x96\x81";

// "<0x0A>" for 10.
std::string NameOfByte(uint8_t byte);
// The byte that such a name stands for.
std::optional<uint8_t> ByteOfName(std::string_view piece);

// `text` with each `from` (not empty) replaced by `to`.
std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to);

}  // namespace candor

#endif  // CANDOR_TOKENIZER_SENTENCE_PIECE_H_
