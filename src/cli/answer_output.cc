#include "cli/answer_output.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "base/error.h"
#include "cli/standard_output.h"
#include "cli/terminal/printable.h"
#include "cli/terminal/text_stream.h"
#include "cli/terminal/write_all.h"

namespace candor {
namespace {

constexpr Style kThoughtStyle{.dim = true};

void Write(int descriptor, std::string_view text) {
  if (!WriteAll(descriptor, text)) {
    throw IoError(std::string(descriptor == STDOUT_FILENO ? "standard output" : "standard error") + ": " +
                  std::strerror(errno));
  }
}

ScreenSize SizeOfTerminal() {
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

Screen StandardScreen() {
  return {[](std::string_view text) { Write(STDOUT_FILENO, text); }, SizeOfTerminal};
}

std::string ThoughtTitle(const OutputStyle& style) {
  return style.prompted_reasoning ? "Prompted reasoning" : "Reasoning";
}
std::string CallTitle(std::string_view recipient) { return "Call of " + PrintableLine(recipient, 100); }

class StyledOutput : public AnswerOutput {
 public:
  explicit StyledOutput(const OutputStyle& style)
      : style_(style),
        aside_(StandardScreen(), kThoughtStyle, "│ "),
        plain_(StandardScreen(), {}, ""),
        markdown_(StandardScreen()) {}

  void Reasoning(std::string_view text) override {
    if (text.empty()) return;
    Aside(ThoughtTitle(style_), text, !in_thought_);
    in_thought_ = true;
  }
  void Call(std::string_view recipient, std::string_view text, bool begins) override {
    Aside(CallTitle(recipient), text, begins);
    in_thought_ = false;
  }
  void Answer(std::string_view text) override {
    EndAside();
    // The empty lines that models put between thought and answer are ours to draw.
    if (!in_answer_) text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
    if (text.empty()) return;
    in_answer_ = true;
    style_.markdown ? markdown_.Append(text) : plain_.Append(text);
  }
  void Finish() override {
    EndAside();
    EndAnswer();
  }

 private:
  // What is no answer, under a title.
  void Aside(const std::string& title, std::string_view text, bool begins) {
    if (!style_.reasoning) return;
    if (begins) {
      EndAside();
      EndAnswer();
      Line line;
      line.Append({.dim = true, .italic = true}, title);
      Write(STDOUT_FILENO, ToAnsi(line) + "\n");
      in_aside_ = true;
    }
    aside_.Append(text);
  }
  void EndAside() {
    if (!in_aside_) return;
    aside_.Finish();
    Write(STDOUT_FILENO, "\n");
    in_aside_ = in_thought_ = false;
  }
  void EndAnswer() {
    if (!in_answer_) return;
    style_.markdown ? markdown_.Finish() : plain_.Finish();
    in_answer_ = false;
  }

  OutputStyle style_;
  PlainStream aside_;
  PlainStream plain_;
  MarkdownStream markdown_;
  bool in_aside_ = false;
  bool in_thought_ = false;
  bool in_answer_ = false;
};

// Text written as it comes to one or two descriptors.
class DirectOutput : public AnswerOutput {
 public:
  DirectOutput(const OutputStyle& style, bool terminal)
      : style_(style),
        terminal_(terminal),
        aside_to_(terminal ? STDOUT_FILENO : STDERR_FILENO),
        aside_safe_(terminal || ::isatty(STDERR_FILENO) == 1),
        aside_styled_(!terminal && ShowsStyles(STDERR_FILENO)) {}

  void Reasoning(std::string_view text) override {
    if (text.empty()) return;
    const bool has_title = terminal_ || style_.prompted_reasoning;
    Aside(has_title ? ThoughtTitle(style_) : "", text, !in_thought_);
    in_thought_ = true;
  }
  void Call(std::string_view recipient, std::string_view text, bool begins) override {
    Aside(CallTitle(recipient), text, begins);
    in_thought_ = false;
  }
  void Answer(std::string_view text) override {
    if (text.empty()) return;
    EndAside();
    if (terminal_ && after_aside_) Write(aside_to_, "Answer:\n");
    after_aside_ = false;
    Write(STDOUT_FILENO, terminal_ ? ForTerminal(text) : std::string(text));
    line_open_ = !text.ends_with('\n');
  }
  void Finish() override {
    EndAside();
    EndLine();
    after_aside_ = false;
  }

 private:
  // What is no answer, under a title if there is one.
  void Aside(const std::string& title, std::string_view text, bool begins) {
    if (!style_.reasoning) return;
    if (begins) {
      EndAside();
      EndLine();
      if (!title.empty()) Write(aside_to_, title + ":\n");
      in_aside_ = after_aside_ = true;
    }
    if (text.empty()) return;
    std::string shown = aside_safe_ ? ForTerminal(text) : std::string(text);
    if (aside_styled_) shown = "\x1b[2m" + shown + "\x1b[0m";
    Write(aside_to_, shown);
    aside_line_open_ = !text.ends_with('\n');
  }
  void EndAside() {
    if (!in_aside_) return;
    if (aside_line_open_) Write(aside_to_, "\n");
    in_aside_ = in_thought_ = aside_line_open_ = false;
  }
  void EndLine() {
    if (line_open_) Write(STDOUT_FILENO, "\n");
    line_open_ = false;
  }

  OutputStyle style_;
  bool terminal_;
  int aside_to_;
  bool aside_safe_;    // must be made printable
  bool aside_styled_;  // may be dimmed
  bool in_aside_ = false;
  bool in_thought_ = false;
  bool after_aside_ = false;  // no answer has come behind it yet
  bool aside_line_open_ = false;
  bool line_open_ = false;
};

}  // namespace

std::unique_ptr<AnswerOutput> MakeAnswerOutput(const OutputStyle& style) {
  if (ShowsStyles(STDOUT_FILENO)) return std::make_unique<StyledOutput>(style);
  return std::make_unique<DirectOutput>(style, ::isatty(STDOUT_FILENO) == 1);
}

}  // namespace candor
