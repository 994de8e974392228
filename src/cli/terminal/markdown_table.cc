#include "cli/terminal/markdown_table.h"

#include <algorithm>
#include <numeric>
#include <string>

namespace candor {
namespace {

constexpr uint32_t kNarrowest = 3;
constexpr uint32_t kGap = 3;  // " │ "

uint32_t NaturalWidth(const TableCell& cell) {
  uint32_t widest = 0;
  for (const Line& line : WrapText(cell.text, UINT32_MAX)) widest = std::max(widest, line.Columns());
  return widest;
}

// The narrowest columns keep their width; those wider than an equal share of the rest get that share.
void Narrow(std::vector<uint32_t>& widths, uint32_t available) {
  std::vector<size_t> order(widths.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return widths[a] < widths[b]; });
  for (size_t i = 0; i < order.size(); ++i) {
    const uint32_t share = available / static_cast<uint32_t>(order.size() - i);
    uint32_t& width = widths[order[i]];
    width = std::min(width, share);
    available -= width;
  }
}

void AppendAligned(const Line& text, CellAlignment alignment, uint32_t width, Line& line) {
  const uint32_t used = text.Columns();
  const uint32_t space = width > used ? width - used : 0;
  const uint32_t left = alignment == CellAlignment::kLeft ? 0 : alignment == CellAlignment::kRight ? space : space / 2;
  line.Append({}, std::string(left, ' '));
  line.Append(text);
  line.Append({}, std::string(space - left, ' '));
}

void AppendRow(const std::vector<TableCell>& row, const std::vector<uint32_t>& widths, std::vector<Line>& lines) {
  std::vector<std::vector<Line>> cells;
  size_t height = 1;
  for (size_t i = 0; i < row.size(); ++i) {
    cells.push_back(WrapText(row[i].text, std::max(widths[i], 2u)));
    height = std::max(height, cells.back().size());
  }
  for (size_t y = 0; y < height; ++y) {
    Line line;
    for (size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line.Append({.dim = true}, " │ ");
      AppendAligned(y < cells[i].size() ? cells[i][y] : Line{}, row[i].alignment, widths[i], line);
    }
    lines.push_back(std::move(line));
  }
}

Line HeaderRule(const std::vector<uint32_t>& widths) {
  std::string rule;
  for (size_t i = 0; i < widths.size(); ++i) {
    if (i > 0) rule += "─┼─";
    for (uint32_t k = 0; k < widths[i]; ++k) rule += "─";
  }
  Line line;
  line.Append({.dim = true}, rule);
  return line;
}

std::vector<Line> CellPerLine(const Table& table, uint32_t columns) {
  std::vector<Line> lines;
  for (size_t r = 0; r < table.rows.size(); ++r) {
    if (r > 0) lines.emplace_back();
    for (const TableCell& cell : table.rows[r]) {
      for (Line& line : WrapText(cell.text, columns)) lines.push_back(std::move(line));
    }
  }
  return lines;
}

}  // namespace

std::vector<Line> LayOutTable(const Table& table, uint32_t columns) {
  if (table.rows.empty() || table.rows[0].empty()) return {};
  const size_t count = table.rows[0].size();
  const size_t gaps = kGap * (count - 1);
  if (gaps + kNarrowest * count > columns) return CellPerLine(table, columns);
  std::vector<uint32_t> widths(count, kNarrowest);
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < std::min(count, row.size()); ++i) widths[i] = std::max(widths[i], NaturalWidth(row[i]));
  }
  Narrow(widths, columns - static_cast<uint32_t>(gaps));
  std::vector<Line> lines;
  for (size_t r = 0; r < table.rows.size(); ++r) {
    auto row = table.rows[r];
    row.resize(count);
    if (r == 0) {
      for (TableCell& cell : row) {
        for (Span& span : cell.text) span.style.bold = true;
      }
    }
    AppendRow(row, widths, lines);
    if (r == 0) lines.push_back(HeaderRule(widths));
  }
  return lines;
}

}  // namespace candor
