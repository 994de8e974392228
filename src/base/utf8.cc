#include "base/utf8.h"

#include <cstdio>

namespace candor {

Utf8Char DecodeUtf8(std::string_view text, size_t position) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[position + i]); };
  const size_t left = text.size() - position;
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  size_t bytes;
  char32_t code;
  char32_t smallest;
  if (first >= 0xC2 && first <= 0xDF) {
    bytes = 2, code = first & 0x1F, smallest = 0x80;
  } else if ((first & 0xF0) == 0xE0) {
    bytes = 3, code = first & 0x0F, smallest = 0x800;
  } else if (first >= 0xF0 && first <= 0xF4) {
    bytes = 4, code = first & 0x07, smallest = 0x10000;
  } else {
    return {kInvalidUtf8, 1};
  }
  if (bytes > left) return {kInvalidUtf8, 1};
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kInvalidUtf8, 1};
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < smallest || code > 0x10FFFF || surrogate) return {kInvalidUtf8, 1};
  return {code, bytes};
}

bool IsValidUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const Utf8Char next = DecodeUtf8(text, i);
    if (next.code == kInvalidUtf8) return false;
    i += next.bytes;
  }
  return true;
}

bool IsControl(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xAD || code == 0x61C || code == 0x180E ||
         (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF || (code >= 0xFFF9 && code <= 0xFFFB) ||
         (code >= 0xE0000 && code <= 0xE007F);
}

bool IsPrintable(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const Utf8Char next = DecodeUtf8(text, i);
    if (next.code == kInvalidUtf8 || IsControl(next.code)) return false;
    i += next.bytes;
  }
  return true;
}

std::string Printable(std::string_view text, size_t max_bytes) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (out.size() >= max_bytes) return out + "...";
    const Utf8Char next = DecodeUtf8(text, i);
    char escape[16];
    if (next.code == kInvalidUtf8) {
      std::snprintf(escape, sizeof escape, "\\x%02X", static_cast<unsigned char>(text[i]));
      out += escape;
    } else if (IsControl(next.code)) {
      std::snprintf(escape, sizeof escape, next.code < 0x80 ? "\\x%02X" : "\\u{%X}", static_cast<unsigned>(next.code));
      out += escape;
    } else {
      out += text.substr(i, next.bytes);
    }
    i += next.bytes;
  }
  return out;
}

}  // namespace candor
