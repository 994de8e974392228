#include "base/utf8.h"

#include <cstdio>
#include <utility>

namespace candor {

Utf8Char DecodeUtf8(std::string_view text, size_t position) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(position);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4) return {kInvalidUtf8, 1};
  const uint32_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // Only the second byte has a narrower range: no overlong forms, no surrogates, nothing above U+10FFFF.
  uint8_t low = 0x80, high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  char32_t code = lead & (0x7Fu >> length);
  for (uint32_t i = 1; i < length; ++i) {
    if (position + i == text.size()) return {kInvalidUtf8, i, true};
    const uint8_t next = byte(position + i);
    if (next < low || next > high) return {kInvalidUtf8, i};
    low = 0x80;
    high = 0xBF;
    code = code << 6 | (next & 0x3F);
  }
  return {code, length};
}

bool IsValidUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const Utf8Char next = DecodeUtf8(text, i);
    if (next.code == kInvalidUtf8) return false;
    i += next.bytes;
  }
  return true;
}

void AppendUtf8(char32_t code, std::string& out) {
  const auto put = [&](uint32_t value) { out.push_back(static_cast<char>(value)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

std::string ToValidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) {
    const Utf8Char c = DecodeUtf8(text, pos);
    if (c.code != kInvalidUtf8) {
      out.append(text.substr(pos, c.bytes));
    } else {
      AppendUtf8(kReplacementCharacter, out);
    }
    pos += c.bytes;
  }
  return out;
}

std::string Utf8Assembler::Add(std::string_view bytes) {
  if (unfinished_.empty()) return Take(bytes, false);
  const std::string text = std::exchange(unfinished_, {}).append(bytes);
  return Take(text, false);
}

std::string Utf8Assembler::Finish() {
  const std::string text = std::exchange(unfinished_, {});
  return Take(text, true);
}

std::string Utf8Assembler::Take(std::string_view text, bool end) {
  std::string out;
  for (size_t pos = 0; pos < text.size();) {
    const Utf8Char c = DecodeUtf8(text, pos);
    if (c.truncated && !end) {
      unfinished_ = text.substr(pos);
      break;
    }
    AppendUtf8(c.code == kInvalidUtf8 ? kReplacementCharacter : c.code, out);
    pos += c.bytes;
  }
  return out;
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
    i += next.code == kInvalidUtf8 ? 1 : next.bytes;
  }
  return out;
}

std::string Quoted(std::string_view text) { return '"' + Printable(text) + '"'; }

}  // namespace candor
