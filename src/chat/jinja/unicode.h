// Characters as Python's str sees them: code points of UTF-8, their properties and their cases.
#ifndef CANDOR_CHAT_JINJA_UNICODE_H_
#define CANDOR_CHAT_JINJA_UNICODE_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace candor::jinja {

// All take valid UTF-8 (base/utf8.h tells whether it is).
size_t CodePointCount(std::string_view utf8);
// The code point at byte `at`, which moves behind it.
char32_t NextCodePoint(std::string_view utf8, size_t& at);
// The code point that ends before byte `at`, which moves to its beginning.
char32_t PreviousCodePoint(std::string_view utf8, size_t& at);
void AppendUtf8(std::string& out, char32_t code_point);

bool IsSpace(char32_t c);      // str.isspace, and what strip() and regular expressions hold to be white space
bool IsLineBreak(char32_t c);  // where str.splitlines splits
bool IsAlpha(char32_t c);
bool IsDecimal(char32_t c);
bool IsAlnum(char32_t c);
bool IsLower(char32_t c);
bool IsUpper(char32_t c);
bool IsTitle(char32_t c);
bool IsPrintable(char32_t c);
bool IsWord(char32_t c);            // \w
bool IsIdentifierPart(char32_t c);  // may stand in a name of a template
bool IsOtherNumber(char32_t c);     // a number that is no decimal digit: one half, Roman and circled numerals

// Full case mappings, the final sigma included.
std::string ToUpper(std::string_view utf8);
std::string ToLower(std::string_view utf8);
std::string ToTitle(std::string_view utf8);        // str.title
std::string ToCapitalized(std::string_view utf8);  // str.capitalize
std::string ToSwapped(std::string_view utf8);      // str.swapcase
std::string ToCasefold(std::string_view utf8);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_UNICODE_H_
