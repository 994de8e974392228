#include "cli/terminal/text_stream.h"

#include <algorithm>

#include "cli/terminal/markdown.h"
#include "cli/terminal/printable.h"

namespace candor {
namespace {

constexpr uint32_t kWidestText = 100;  // longer lines are hard to read
constexpr uint32_t kNarrowestText = 8;
constexpr size_t kLongestOpenLine = 8192;

uint32_t TextColumns(const ScreenPainter& painter) {
  const uint32_t columns = painter.size().columns;
  // One column stays free, for characters that this terminal shows wider than Unicode says.
  return std::clamp(columns > 0 ? columns - 1 : 0, kNarrowestText, kWidestText);
}

}  // namespace

void MarkdownStream::Append(std::string_view text) {
  splitter_.Append(text);
  MarkdownPiece piece;
  while (splitter_.TakeFinished(piece)) {
    Show(piece);
    painter_.Commit();
    separate_ = !piece.joins_next;
  }
  Show(splitter_.Open(false));
}

void MarkdownStream::Finish() {
  Show(splitter_.Open(true));
  painter_.Commit();
  splitter_ = {};
  separate_ = false;
}

void MarkdownStream::Show(const MarkdownPiece& piece) {
  std::vector<Line> lines =
      RenderMarkdown(piece.source, {TextColumns(painter_), piece.first_code_continues, piece.last_code_open});
  if (lines.empty()) return;
  if (separate_) lines.insert(lines.begin(), Line{});
  painter_.Paint(lines);
}

PlainStream::PlainStream(Screen screen, Style style, std::string bar)
    : painter_(std::move(screen)), style_(style), bar_(std::move(bar)) {}

std::vector<Line> PlainStream::Lines(std::string_view text) const {
  const uint32_t columns = TextColumns(painter_) - std::min(DisplayWidth(bar_), kNarrowestText - 2);
  std::vector<Line> lines;
  for (const Line& wrapped : WrapText({{style_, ForTerminal(text)}}, columns)) {
    lines.emplace_back();
    lines.back().Append({.dim = true}, bar_);
    lines.back().Append(wrapped);
  }
  return lines;
}

void PlainStream::Append(std::string_view text) {
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const bool whole = newline != std::string_view::npos;
    open_ += text.substr(0, newline);
    text.remove_prefix(whole ? newline + 1 : text.size());
    painter_.Paint(Lines(open_));
    if (whole || open_.size() > kLongestOpenLine) {
      painter_.Commit();
      open_.clear();
    }
  }
}

void PlainStream::Finish() {
  painter_.Commit();
  open_.clear();
}

}  // namespace candor
