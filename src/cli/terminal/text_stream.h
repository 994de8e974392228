// A text shown on a terminal while it is being written: an answer in Markdown, or plain text such as a thought.
#ifndef CANDOR_CLI_TERMINAL_TEXT_STREAM_H_
#define CANDOR_CLI_TERMINAL_TEXT_STREAM_H_

#include <string>
#include <string_view>

#include "cli/terminal/markdown_splitter.h"
#include "cli/terminal/screen_painter.h"

namespace candor {

// Finished blocks are rendered once and stay; the open one is rendered again with each piece of text. Text is whole
// UTF-8 characters; whatever it holds, only printable text and our own styles reach the terminal.
class MarkdownStream {
 public:
  explicit MarkdownStream(Screen screen) : painter_(std::move(screen)) {}
  void Append(std::string_view text);
  // Shows the rest and ends the line. The stream is empty again after it.
  void Finish();

 private:
  void Show(const MarkdownPiece& piece);

  ScreenPainter painter_;
  MarkdownSplitter splitter_;
  bool separate_ = false;  // an empty line comes before the next piece
};

// Plain text in one style behind a bar, broken to the width of the screen.
class PlainStream {
 public:
  PlainStream(Screen screen, Style style, std::string bar);
  void Append(std::string_view text);
  void Finish();

 private:
  std::vector<Line> Lines(std::string_view text) const;

  ScreenPainter painter_;
  Style style_;
  std::string bar_;
  std::string open_;  // the line that is not finished
};

}  // namespace candor

#endif  // CANDOR_CLI_TERMINAL_TEXT_STREAM_H_
