// Text from a model or a file, made safe to show: on a terminal it is text and never a command to the terminal.
#ifndef CANDOR_CLI_TERMINAL_PRINTABLE_H_
#define CANDOR_CLI_TERMINAL_PRINTABLE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace candor {

// One character of UTF-8 as it stands in a text.
struct Character {
  int32_t code = 0;  // U+FFFD for a byte that does not belong to well-formed UTF-8
  uint32_t bytes = 0;
  uint32_t columns = 0;  // that a terminal gives it: 0 for combining characters, 2 for wide ones
};

inline constexpr int32_t kEmojiPresentation = 0xFE0F;  // variation selector 16

// The character at the start of `text`, which is not empty.
Character NextCharacter(std::string_view text);

// Columns that printable text without line ends takes.
uint32_t DisplayWidth(std::string_view text);

// `text` with newlines kept, tabs as four spaces, and everything a terminal could act on or that hides text made
// visible: C0 controls and DEL as control pictures (ESC becomes U+241B), C1 and bidirectional controls, line
// separators, tag and annotation characters as <U+XXXX>, malformed bytes as U+FFFD. A carriage return before a newline
// vanishes. Linear; a character is never split, so a text may come in pieces that end on character boundaries.
std::string ForTerminal(std::string_view text);

// The same on one line and at most `columns` wide, "…" at the end when something was left out: for titles and names.
std::string PrintableLine(std::string_view text, uint32_t columns);

}  // namespace candor

#endif  // CANDOR_CLI_TERMINAL_PRINTABLE_H_
