// The properties of code points that pre-tokenizers ask for, from the Unicode database of utf8proc.
#ifndef CANDOR_TOKENIZER_UNICODE_H_
#define CANDOR_TOKENIZER_UNICODE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/utf8.h"

namespace candor {

// Sets of general categories, and White_Space.
enum CharClass : uint8_t {
  kLetter = 1,       // L
  kNumber = 2,       // N
  kPunctuation = 4,  // P
  kSymbol = 8,       // S
  kMark = 16,        // M
  kSpace = 32,       // White_Space, which regular expressions call \s
  kUpperLike = 64,   // Lu Lt Lm Lo M
  kLowerLike = 128,  // Ll Lm Lo M
};

// Bitwise or of the classes that `code` belongs to.
uint8_t ClassesOf(char32_t code);

namespace internal {
inline constexpr std::array<uint8_t, 128> kAsciiClasses = [] {
  std::array<uint8_t, 128> classes{};
  for (char32_t c = 0x21; c < 0x7F; ++c) classes[c] = kPunctuation;
  for (const char c : {'$', '+', '<', '=', '>', '^', '`', '|', '~'}) classes[static_cast<size_t>(c)] = kSymbol;
  for (char32_t c = '0'; c <= '9'; ++c) classes[c] = kNumber;
  for (char32_t c = 'A'; c <= 'Z'; ++c) classes[c] = kLetter | kUpperLike;
  for (char32_t c = 'a'; c <= 'z'; ++c) classes[c] = kLetter | kLowerLike;
  for (char32_t c = '\t'; c <= '\r'; ++c) classes[c] = kSpace;
  classes[' '] = kSpace;
  return classes;
}();
}  // namespace internal

// A character of a text, with its classes. A byte that is not UTF-8 counts as U+FFFD, a symbol.
struct TextChar {
  char32_t code;
  uint32_t bytes;
  uint8_t classes;

  bool Is(uint8_t mask) const { return (classes & mask) != 0; }
};

// The character that begins at `pos`, which must be inside the text.
inline TextChar CharAt(std::string_view text, size_t pos) {
  const auto byte = static_cast<uint8_t>(text[pos]);
  if (byte < 0x80) return {byte, 1, internal::kAsciiClasses[byte]};
  const Utf8Char c = DecodeUtf8(text, pos);
  const char32_t code = c.code == kInvalidUtf8 ? kReplacementCharacter : c.code;
  return {code, c.bytes, ClassesOf(code)};
}

}  // namespace candor

#endif  // CANDOR_TOKENIZER_UNICODE_H_
