#include "chat/jinja/string_literal.h"

#include "chat/jinja/failure.h"
#include "chat/jinja/unicode.h"

namespace candor::jinja {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// What a one-letter escape stands for, or 0.
char SimpleEscape(char c) {
  switch (c) {
    case '\\':
    case '\'':
    case '"':
      return c;
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return '\0';
  }
}

}  // namespace

std::string ResolveEscapes(std::string_view body, int line) {
  std::string out;
  for (size_t at = 0; at < body.size();) {
    if (body[at] != '\\') {
      out += body[at++];
      continue;
    }
    const char c = at + 1 < body.size() ? body[at + 1] : '\0';
    const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (const char simple = SimpleEscape(c)) {
      out += simple;
      at += 2;
    } else if (c == '\n') {
      at += 2;  // a line that goes on
    } else if (digits > 0) {
      char32_t value = 0;
      for (size_t i = 0; i < digits; ++i) {
        const int digit = at + 2 + i < body.size() ? HexDigit(body[at + 2 + i]) : -1;
        if (digit < 0) FailAt(line, "truncated \\" + std::string(1, c) + std::string(digits, 'X') + " escape");
        value = value * 16 + static_cast<char32_t>(digit);
      }
      if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) FailAt(line, "illegal Unicode character");
      AppendUtf8(out, value);
      at += 2 + digits;
    } else if (c >= '0' && c <= '7') {
      char32_t value = 0;
      size_t end = at + 1;
      for (; end < body.size() && end < at + 4 && body[end] >= '0' && body[end] <= '7'; ++end) {
        value = value * 8 + static_cast<char32_t>(body[end] - '0');
      }
      AppendUtf8(out, value);
      at = end;
    } else if (c == 'N') {
      FailAt(line, "the escape \\N{...} is not supported");
    } else {
      out += body[at++];
    }
  }
  return out;
}

}  // namespace candor::jinja
