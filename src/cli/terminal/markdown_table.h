// A table of styled cells laid out in a given width.
#ifndef CANDOR_CLI_TERMINAL_MARKDOWN_TABLE_H_
#define CANDOR_CLI_TERMINAL_MARKDOWN_TABLE_H_

#include <cstdint>
#include <vector>

#include "cli/terminal/styled_text.h"

namespace candor {

enum class CellAlignment : uint8_t { kLeft, kCentre, kRight };

struct TableCell {
  CellAlignment alignment = CellAlignment::kLeft;
  std::vector<Span> text;
};

struct Table {
  std::vector<std::vector<TableCell>> rows;  // the first is the header
};

// Columns separated by rules and the header underlined. Columns that do not fit are narrowed, the widest first, and
// their cells broken into lines; when there are more columns than fit at all, each cell gets a line of its own.
std::vector<Line> LayOutTable(const Table& table, uint32_t columns);

}  // namespace candor

#endif  // CANDOR_CLI_TERMINAL_MARKDOWN_TABLE_H_
