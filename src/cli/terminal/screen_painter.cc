#include "cli/terminal/screen_painter.h"

#include <algorithm>
#include <string>

namespace candor {

uint32_t ScreenPainter::RowsFrom(size_t first) const {
  uint32_t rows = 0;
  for (size_t i = first; i < shown_.size(); ++i) rows += TerminalRows(shown_[i], painted_size_.columns);
  return rows;
}

size_t ScreenPainter::FirstReachable() const {
  uint32_t rows = 0;
  size_t first = shown_.size();
  while (first > 0) {
    rows += TerminalRows(shown_[first - 1], painted_size_.columns);
    if (rows > painted_size_.rows) break;
    --first;
  }
  return first;
}

void ScreenPainter::Paint(const std::vector<Line>& lines) {
  const ScreenSize size = screen_.size();
  if (!shown_.empty() && size.columns < painted_size_.columns) {
    // The terminal has broken our lines anew, by rules of its own: where they stand now is not known.
    Commit();
  }
  painted_size_ = size;
  size_t same = 0;
  while (same < shown_.size() && same < lines.size() && shown_[same] == lines[same]) ++same;
  if (same == shown_.size() && same == lines.size()) return;
  if (same == lines.size() && same > 0) --same;  // lines vanish: the cursor belongs at the end of the last that stays

  std::string out;
  Line suffix;
  if (same == shown_.size()) {
    if (same > 0) out += '\n';
  } else if (same + 1 == shown_.size() && same < lines.size() && SuffixAfter(shown_[same], lines[same], suffix)) {
    out += ToAnsi(suffix);
    ++same;
    if (same < lines.size()) out += '\n';
  } else {
    same = std::max(same, FirstReachable());
    if (same == shown_.size()) {  // the last line alone is higher than the screen: leave it and go on below
      if (same < lines.size()) out += '\n';
    } else {
      const uint32_t up = RowsFrom(same) - 1;
      out += '\r';
      if (up > 0) out += "\x1b[" + std::to_string(up) + "A";
      out += "\x1b[J";
    }
  }
  for (size_t i = same; i < lines.size(); ++i) {
    out += ToAnsi(lines[i]);
    if (i + 1 < lines.size()) out += '\n';
  }
  shown_ = lines;
  screen_.write(out);
}

void ScreenPainter::Commit() {
  if (shown_.empty()) return;
  shown_.clear();
  screen_.write("\n");
}

}  // namespace candor
