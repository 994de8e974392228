// The printable spelling of bytes in byte-level vocabularies, as GPT-2 introduced it: a byte that is a printable
// Latin-1 character stands for itself, the other 68 are U+0100, U+0101, ... in ascending order.
#ifndef CANDOR_TOKENIZER_BYTE_ENCODING_H_
#define CANDOR_TOKENIZER_BYTE_ENCODING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace candor {

// The character that spells `byte`.
char32_t SpellByte(uint8_t byte);
// The byte that `code` spells.
std::optional<uint8_t> UnspellByte(char32_t code);

// The spelling of `bytes`, appended to `out`.
void SpellBytes(std::string_view bytes, std::string& out);
// The bytes that `piece` spells, appended to `out`; false, and nothing appended, when it is not such a spelling.
bool UnspellBytes(std::string_view piece, std::string& out);

}  // namespace candor

#endif  // CANDOR_TOKENIZER_BYTE_ENCODING_H_
