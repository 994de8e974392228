// Lines of styled text, and how they are broken to a width.
#ifndef CANDOR_CLI_TERMINAL_STYLED_TEXT_H_
#define CANDOR_CLI_TERMINAL_STYLED_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace candor {

struct Style {
  bool bold = false;
  bool dim = false;
  bool italic = false;
  bool underline = false;
  bool strike = false;
  bool coloured = false;  // the one accent colour: code
  bool operator==(const Style&) const = default;
};

// Printable text (see ForTerminal) in one style. Newlines only where a function says so.
struct Span {
  Style style;
  std::string text;
  bool operator==(const Span&) const = default;
};

// One line; neighbouring spans differ in style and none is empty.
struct Line {
  std::vector<Span> spans;
  bool operator==(const Line&) const = default;

  void Append(const Style& style, std::string_view text);
  void Append(const Line& other);
  uint32_t Columns() const;
};

// How many rows a terminal of `columns` takes for `line`, by its own wrapping; at least 1.
uint32_t TerminalRows(const Line& line, uint32_t columns);

// What `longer` has after `shorter`, when it begins with it in the same styles; false otherwise.
bool SuffixAfter(const Line& shorter, const Line& longer, Line& suffix);

// Breaks `text` (newlines end lines) into lines of at most `columns`: at spaces, beside wide characters, and within a
// word that is longer than a line. Spaces at a break vanish; those at the start of a line of the text stay. A
// combining character stays with its base. At least one line. `columns` >= 2. Linear.
std::vector<Line> WrapText(const std::vector<Span>& text, uint32_t columns);

// The line with the escape sequences of ECMA-48 (SGR) that show its styles; every style is closed at the end.
std::string ToAnsi(const Line& line);

}  // namespace candor

#endif  // CANDOR_CLI_TERMINAL_STYLED_TEXT_H_
