// Markdown as a model might write it, piece by piece: nothing but printable text and the sequences of our own painter
// (SGR, cursor up, erase below) reaches the terminal.
#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "cli/terminal/printable.h"
#include "cli/terminal/text_stream.h"

namespace {

void CheckBytes(std::string_view bytes) {
  while (!bytes.empty()) {
    if (bytes.starts_with("\x1b[")) {
      const size_t end = std::min(bytes.find_first_not_of("0123456789;", 2), bytes.size() - 1);
      CHECK(bytes[end] == 'm' || bytes[end] == 'A' || bytes[end] == 'J');
      bytes.remove_prefix(end + 1);
      continue;
    }
    const candor::Character character = candor::NextCharacter(bytes);
    CHECK(character.code == '\n' || character.code == '\r' || character.code >= 0x20);
    CHECK(character.code < 0x7F || character.code >= 0xA0);
    CHECK(character.code != 0xFFFD || character.bytes == 3);  // well-formed
    bytes.remove_prefix(character.bytes);
  }
}

}  // namespace

// The first byte chooses the width, the second the length of the pieces.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const candor::ScreenSize screen{1u + data[0] % 100, 1u + data[0] / 10u};
  const size_t step = 1 + data[1] % 64;
  std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  candor::MarkdownStream markdown({CheckBytes, [screen] { return screen; }});
  candor::PlainStream plain({CheckBytes, [screen] { return screen; }}, {.dim = true}, "│ ");
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, step);
    markdown.Append(piece);
    plain.Append(piece);
    text.remove_prefix(piece.size());
  }
  markdown.Finish();
  plain.Finish();
  return 0;
}
