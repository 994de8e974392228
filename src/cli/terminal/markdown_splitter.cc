#include "cli/terminal/markdown_splitter.h"

#include <algorithm>

#include "base/utf8.h"

namespace candor {
namespace {

constexpr size_t kLongestOpener = 256;

size_t Indent(std::string_view line) { return std::min(line.find_first_not_of(' '), line.size()); }

// Length of the run of ` or ~ that may open or close a code block here; 0 when there is none.
size_t FenceRun(std::string_view line, char& mark) {
  const size_t indent = Indent(line);
  if (indent > 3 || indent == line.size() || (line[indent] != '`' && line[indent] != '~')) return 0;
  mark = line[indent];
  const size_t end = std::min(line.find_first_not_of(mark, indent), line.size());
  return end - indent >= 3 ? end - indent : 0;
}

enum class Marker { kNo, kYes, kOpen };

// Whether `line` begins with a list marker; kOpen when its next characters decide. `whole`: it has all of them.
Marker ListMarker(std::string_view line, bool whole) {
  line.remove_prefix(Indent(line));
  const size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  if (digits > 9) return Marker::kNo;
  size_t length = digits;
  if (length < line.size()) {
    const bool mark = digits > 0 ? line[length] == '.' || line[length] == ')'
                                 : line[length] == '-' || line[length] == '*' || line[length] == '+';
    if (!mark) return Marker::kNo;
    ++length;
    if (length < line.size()) return line[length] == ' ' || line[length] == '\n' ? Marker::kYes : Marker::kNo;
  }
  return whole ? Marker::kNo : Marker::kOpen;
}

// Whether the meaning of an unfinished line, or of the line before it, hangs on what follows.
bool IsUndecided(std::string_view line, bool in_code) {
  const size_t indent = Indent(line);
  if (indent == line.size()) return true;
  char mark = 0;
  if (FenceRun(line, mark) > 0 && line.size() < kLongestOpener) return true;
  if (in_code) return line.find_first_not_of("`~ ") == std::string_view::npos;
  return line.size() < kLongestOpener && line.find_first_not_of("-=*+#`~_|>: \t") == std::string_view::npos;
}

}  // namespace

void MarkdownSplitter::Append(std::string_view text) { text_ += text; }

bool MarkdownSplitter::TakeFinished(MarkdownPiece& piece) {
  size_t end = 0;
  bool cut = false;
  if (!Scan(end)) {
    if (!Cut(end)) return false;
    cut = true;
  }
  const bool in_code = cut && fence_.mark != 0 && fence_.begin < end;
  piece = {text_.substr(0, end), first_code_continues_, in_code, cut};
  const std::string opener = in_code ? std::string(fence_.length, fence_.mark) + "\n" : "";
  text_.replace(0, end, opener);
  first_code_continues_ = in_code;
  scanned_ = 0;
  fence_ = {};
  in_list_ = after_blank_ = has_text_ = false;
  return true;
}

MarkdownPiece MarkdownSplitter::Open(bool all) const {
  std::string_view shown = text_;
  if (!all && IsUndecided(shown.substr(scanned_), fence_.mark != 0)) shown = shown.substr(0, scanned_);
  return {std::string(shown), first_code_continues_, !all && fence_.mark != 0, false};
}

bool MarkdownSplitter::Scan(size_t& end) {
  while (scanned_ < std::min(text_.size(), kLongestPiece)) {
    const std::string_view rest = std::string_view(text_).substr(scanned_);
    const size_t newline = rest.find('\n');
    const bool whole = newline != std::string_view::npos;
    const std::string_view line = whole ? rest.substr(0, newline + 1) : rest;
    if (fence_.mark == 0 && after_blank_ && has_text_ && !IsBlank(line)) {
      const Marker marker = in_list_ ? ListMarker(line, whole) : Marker::kNo;
      if (marker == Marker::kOpen) return false;
      if (line[0] != ' ' && line[0] != '\t' && marker == Marker::kNo) {
        end = scanned_;
        return true;
      }
    }
    if (!whole) return false;
    scanned_ += line.size();
    if (ScanLine(line, end)) return true;
  }
  return false;
}

bool MarkdownSplitter::ScanLine(std::string_view line, size_t& end) {
  char mark = 0;
  const size_t run = FenceRun(line, mark);
  if (fence_.mark != 0) {
    if (mark != fence_.mark || run < fence_.length || !IsBlank(line.substr(Indent(line) + run))) return false;
    end = scanned_;
    return true;
  }
  if (IsBlank(line)) {
    after_blank_ = true;
    return false;
  }
  if (!has_text_) in_list_ = ListMarker(line, true) == Marker::kYes && Indent(line) < 4;
  // The info string of a ` fence has no ` (CommonMark 4.5); an indented fence in a list belongs to its item.
  const bool opens = run > 0 && run < kLongestOpener && !(in_list_ && Indent(line) > 0) &&
                     (mark == '~' || line.find('`', Indent(line) + run) == std::string_view::npos);
  if (opens) fence_ = {mark, run, scanned_ - line.size()};
  has_text_ = true;
  after_blank_ = false;
  return false;
}

bool MarkdownSplitter::Cut(size_t& end) const {
  if (text_.size() <= kLongestPiece) return false;
  size_t at = text_.rfind('\n', kLongestPiece - 1);
  // Within the first quarter a line end would leave a piece that is cut again soon, an opener one that never ends.
  if (at == std::string::npos || at < kLongestPiece / 4) at = text_.rfind(' ', kLongestPiece - 1);
  if (at == std::string::npos || at < kLongestPiece / 4) {
    at = kLongestPiece - 1;
    while (at > kLongestPiece - 4 && (static_cast<unsigned char>(text_[at + 1]) & 0xC0) == 0x80) --at;
  }
  end = at + 1;
  return true;
}

}  // namespace candor
