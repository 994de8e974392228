// Parts that the scanners share. All take a text and a position, and return the position after what they matched.
#ifndef CANDOR_TOKENIZER_SCAN_H_
#define CANDOR_TOKENIZER_SCAN_H_

#include <cstddef>
#include <string_view>

#include "tokenizer/unicode.h"

namespace candor::internal {

// After the characters from `pos` on that have one of the classes in `mask`.
inline size_t SkipClasses(std::string_view text, size_t pos, uint8_t mask) {
  while (pos < text.size()) {
    const TextChar c = CharAt(text, pos);
    if (!c.Is(mask)) break;
    pos += c.bytes;
  }
  return pos;
}

// After the characters from `pos` on that have none of the classes in `mask`.
inline size_t SkipOtherClasses(std::string_view text, size_t pos, uint8_t mask) {
  while (pos < text.size()) {
    const TextChar c = CharAt(text, pos);
    if (c.Is(mask)) break;
    pos += c.bytes;
  }
  return pos;
}

// After at most `most` numbers.
inline size_t SkipNumbers(std::string_view text, size_t pos, int most) {
  for (int i = 0; i < most && pos < text.size(); ++i) {
    const TextChar c = CharAt(text, pos);
    if (!c.Is(kNumber)) break;
    pos += c.bytes;
  }
  return pos;
}

inline bool IsNewline(char32_t code) { return code == '\r' || code == '\n'; }

// Whether a character of one of the classes begins at `pos`.
inline bool ClassAt(std::string_view text, size_t pos, uint8_t mask) {
  return pos < text.size() && CharAt(text, pos).Is(mask);
}

// 's|'t|'re|'ve|'m|'ll|'d at `pos`, which holds the apostrophe; `pos` itself where there is none. With `fold` of either
// case; then U+017F is an s too, as case folding has it.
size_t SkipContraction(std::string_view text, size_t pos, bool fold);

// \s+(?!\S)|\s+ at `pos`, which holds white space; with `newlines`, \s*[\r\n]+ is tried first.
size_t SkipSpace(std::string_view text, size_t pos, bool newlines);

}  // namespace candor::internal

#endif  // CANDOR_TOKENIZER_SCAN_H_
