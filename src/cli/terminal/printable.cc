#include "cli/terminal/printable.h"

#include <utf8proc.h>

#include <cstdio>

namespace candor {
namespace {

constexpr int32_t kReplacement = 0xFFFD;

bool IsHiddenOrCommand(int32_t code) {
  return (code >= 0x80 && code < 0xA0) ||                                             // C1 controls
         code == 0x061C || code == 0x200E || code == 0x200F ||                        // directional marks
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x206F) ||  // separators, overrides, isolates
         code == 0xFEFF || (code >= 0xFFF9 && code <= 0xFFFB) ||                      // BOM, annotations
         (code >= 0xE0000 && code <= 0xE007F);                                        // tags: text that nobody sees
}

void AppendUtf8(int32_t code, std::string& out) {
  utf8proc_uint8_t bytes[4];
  const auto count = utf8proc_encode_char(code, bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(count));
}

}  // namespace

Character NextCharacter(std::string_view text) {
  utf8proc_int32_t code = 0;
  const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                      static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (bytes <= 0) return {kReplacement, 1, 1};
  // Counting the emoji selector as a column is right for the narrow symbols it widens and too wide for the rest: a line
  // that wraps a little early is harmless, one that the terminal wraps by itself is not.
  const int columns = code == kEmojiPresentation ? 1 : utf8proc_charwidth(code);
  return {code, static_cast<uint32_t>(bytes), static_cast<uint32_t>(columns)};
}

uint32_t DisplayWidth(std::string_view text) {
  uint32_t columns = 0;
  while (!text.empty()) {
    const Character character = NextCharacter(text);
    columns += character.columns;
    text.remove_prefix(character.bytes);
  }
  return columns;
}

std::string ForTerminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = NextCharacter(text);
    const std::string_view bytes = text.substr(0, character.bytes);
    text.remove_prefix(character.bytes);
    if (character.code == '\n') {
      out += '\n';
    } else if (character.code == '\t') {
      out += "    ";
    } else if (character.code == '\r' && text.starts_with('\n')) {
      continue;
    } else if (character.code < 0x20) {
      AppendUtf8(0x2400 + character.code, out);
    } else if (character.code == 0x7F) {
      AppendUtf8(0x2421, out);
    } else if (IsHiddenOrCommand(character.code)) {
      char name[16];
      std::snprintf(name, sizeof name, "<U+%04X>", static_cast<unsigned>(character.code));
      out += name;
    } else if (character.code == kReplacement) {
      AppendUtf8(kReplacement, out);
    } else {
      out += bytes;
    }
  }
  return out;
}

std::string PrintableLine(std::string_view text, uint32_t columns) {
  const std::string safe = ForTerminal(text);
  std::string line;
  std::string_view rest = safe;
  uint32_t used = 0;
  size_t keep = 0;  // bytes of `line` that leave a column for the ellipsis
  while (!rest.empty()) {
    const Character character = NextCharacter(rest);
    if (used + character.columns > columns) {
      line.resize(keep);
      return columns == 0 ? "" : line + "…";
    }
    used += character.columns;
    line += character.code == '\n' ? std::string_view(" ") : rest.substr(0, character.bytes);
    if (used + 1 <= columns) keep = line.size();
    rest.remove_prefix(character.bytes);
  }
  return line;
}

}  // namespace candor
