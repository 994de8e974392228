#include "tokenizer/scan.h"

namespace candor::internal {

size_t SkipContraction(std::string_view text, size_t pos, bool fold) {
  const auto letter = [&](size_t at) -> char {
    if (at >= text.size()) return 0;
    const char c = text[at];
    return fold && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  const char first = letter(pos + 1), second = letter(pos + 2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return pos + 2;
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l')) {
    return pos + 3;
  }
  if (fold && text.substr(pos + 1).starts_with("\u017F")) return pos + 3;
  return pos;
}

size_t SkipSpace(std::string_view text, size_t pos, bool newlines) {
  size_t end = pos, last = pos, after_newline = pos;
  while (end < text.size()) {
    const TextChar c = CharAt(text, end);
    if (!c.Is(kSpace)) break;
    last = end;
    end += c.bytes;
    if (IsNewline(c.code)) after_newline = end;
  }
  if (newlines && after_newline > pos) return after_newline;
  // Before something else the last character of the run is left for it, unless it is the only one.
  return end == text.size() || last == pos ? end : last;
}

}  // namespace candor::internal
