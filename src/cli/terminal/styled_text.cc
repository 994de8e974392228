#include "cli/terminal/styled_text.h"

#include <algorithm>

#include "base/check.h"
#include "cli/terminal/printable.h"

namespace candor {
namespace {

// One character on its way into a line.
struct Cell {
  const Span* span;
  std::string_view bytes;
  uint32_t columns;
  bool space;
  bool joins;  // belongs to the character before it
};

std::string SgrOf(const Style& style) {
  std::string codes;
  const auto add = [&codes](bool on, const char* code) {
    if (on) codes += codes.empty() ? code : std::string(";") + code;
  };
  add(style.bold, "1");
  add(style.dim, "2");
  add(style.italic, "3");
  add(style.underline, "4");
  add(style.strike, "9");
  add(style.coloured, "36");
  return codes.empty() ? "" : "\x1b[" + codes + "m";
}

void AppendCells(const std::vector<Cell>& cells, size_t begin, size_t end, Line& line) {
  for (size_t i = begin; i < end; ++i) line.Append(cells[i].span->style, cells[i].bytes);
}

size_t TrimSpaces(const std::vector<Cell>& cells, size_t begin, size_t end) {
  while (end > begin && cells[end - 1].space) --end;
  return end;
}

// Breaks the cells of one line of the text.
void WrapCells(const std::vector<Cell>& cells, uint32_t columns, std::vector<Line>& lines) {
  size_t begin = 0;
  uint32_t used = 0;
  size_t break_at = 0;  // where the next line would begin; == begin: nowhere yet
  bool in_indent = true;
  for (size_t i = 0; i < cells.size(); ++i) {
    in_indent = in_indent && cells[i].space;
    const bool may_break = i > begin && !cells[i].joins && !cells[i].space;
    const bool beside_wide = may_break && (cells[i].columns == 2 || cells[i - 1].columns == 2);
    const bool after_space = may_break && cells[i - 1].space && !in_indent;
    if (beside_wide || after_space) break_at = i;
    if (may_break && used + cells[i].columns > columns) {
      const size_t next = break_at > begin ? break_at : i;
      lines.emplace_back();
      AppendCells(cells, begin, TrimSpaces(cells, begin, next), lines.back());
      begin = break_at = next;
      used = 0;
      for (size_t k = begin; k < i; ++k) used += cells[k].columns;
    }
    used += cells[i].columns;
  }
  lines.emplace_back();
  AppendCells(cells, begin, TrimSpaces(cells, begin, cells.size()), lines.back());
}

}  // namespace

void Line::Append(const Style& style, std::string_view text) {
  if (text.empty()) return;
  if (spans.empty() || spans.back().style != style) spans.push_back({style, ""});
  spans.back().text += text;
}

void Line::Append(const Line& other) {
  for (const Span& span : other.spans) Append(span.style, span.text);
}

uint32_t Line::Columns() const {
  uint32_t columns = 0;
  for (const Span& span : spans) columns += DisplayWidth(span.text);
  return columns;
}

uint32_t TerminalRows(const Line& line, uint32_t columns) {
  uint32_t rows = 1, used = 0;
  for (const Span& span : line.spans) {
    std::string_view rest = span.text;
    while (!rest.empty()) {
      const Character character = NextCharacter(rest);
      if (used + character.columns > columns) {
        ++rows;
        used = 0;
      }
      used += character.columns;
      rest.remove_prefix(character.bytes);
    }
  }
  return rows;
}

bool SuffixAfter(const Line& shorter, const Line& longer, Line& suffix) {
  suffix.spans.clear();
  if (longer.spans.size() < shorter.spans.size()) return false;
  for (size_t i = 0; i < shorter.spans.size(); ++i) {
    const Span& before = shorter.spans[i];
    const Span& after = longer.spans[i];
    if (before == after) continue;
    if (i + 1 < shorter.spans.size() || before.style != after.style || !after.text.starts_with(before.text))
      return false;
    suffix.Append(after.style, std::string_view(after.text).substr(before.text.size()));
  }
  for (size_t i = shorter.spans.size(); i < longer.spans.size(); ++i) {
    suffix.Append(longer.spans[i].style, longer.spans[i].text);
  }
  return true;
}

std::vector<Line> WrapText(const std::vector<Span>& text, uint32_t columns) {
  CHECK(columns >= 2);
  std::vector<Line> lines;
  std::vector<Cell> cells;
  for (const Span& span : text) {
    std::string_view rest = span.text;
    while (!rest.empty()) {
      const Character character = NextCharacter(rest);
      if (character.code == '\n') {
        WrapCells(cells, columns, lines);
        cells.clear();
      } else {
        cells.push_back({&span, rest.substr(0, character.bytes), character.columns, character.code == ' ',
                         character.columns == 0 || character.code == kEmojiPresentation});
      }
      rest.remove_prefix(character.bytes);
    }
  }
  WrapCells(cells, columns, lines);
  return lines;
}

std::string ToAnsi(const Line& line) {
  std::string out;
  for (const Span& span : line.spans) {
    const std::string sgr = SgrOf(span.style);
    out += sgr;
    out += span.text;
    if (!sgr.empty()) out += "\x1b[0m";
  }
  return out;
}

}  // namespace candor
