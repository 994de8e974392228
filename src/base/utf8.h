// UTF-8 (RFC 3629), and text from outside made safe to show.
#ifndef CANDOR_BASE_UTF8_H_
#define CANDOR_BASE_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace candor {

struct Utf8Char {
  char32_t code;           // kInvalidUtf8 where no valid character begins
  uint32_t bytes;          // 1 to 4; of an invalid one its maximal subpart, 1 to 3 (Unicode 15, table 3-8)
  bool truncated = false;  // invalid only because the text ends within it
};
inline constexpr char32_t kInvalidUtf8 = 0xFFFFFFFF;
inline constexpr char32_t kReplacementCharacter = 0xFFFD;

// The character that begins at text[position]; position < text.size(). Overlong forms, surrogates, code points above
// U+10FFFF and characters cut off by the end of `text` are invalid.
Utf8Char DecodeUtf8(std::string_view text, size_t position);

bool IsValidUtf8(std::string_view text);

// Appends `code` (a Unicode scalar value) to `out`.
void AppendUtf8(char32_t code, std::string& out);

// `text` with U+FFFD for every maximal subpart of what is not UTF-8.
std::string ToValidUtf8(std::string_view text);

// Bytes that come in pieces, given out as whole UTF-8 characters. The bytes of an unfinished character are kept until
// it is finished; U+FFFD stands for every maximal subpart of what is none, as in ToValidUtf8.
class Utf8Assembler {
 public:
  // What is whole after `bytes`; may be empty.
  std::string Add(std::string_view bytes);
  // What is left at the end.
  std::string Finish();

 private:
  std::string Take(std::string_view text, bool end);

  std::string unfinished_;
};

// What stands between words and around lines: ASCII's white space but for the form feed and the vertical tab.
inline constexpr std::string_view kBlanks = " \t\r\n";
inline bool IsBlank(std::string_view text) { return text.find_first_not_of(kBlanks) == std::string_view::npos; }

// Whether a character can change what a terminal does or how other text reads: C0 and C1 controls, DEL, line and
// paragraph separators, zero-width characters, and marks that reorder text.
bool IsControl(char32_t code);

// True for valid UTF-8 without such characters.
bool IsPrintable(std::string_view text);

// `text` for a message or a table: what is not printable becomes \xNN or \u{NNNN}, quotes and backslashes stay, and
// what is longer than about `max_bytes` ends in "...". The result is always printable.
std::string Printable(std::string_view text, size_t max_bytes = 120);

// The same between quotes.
std::string Quoted(std::string_view text);

}  // namespace candor

#endif  // CANDOR_BASE_UTF8_H_
