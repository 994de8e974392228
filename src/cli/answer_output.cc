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

const char* ThoughtTitle(const OutputStyle& style) {
  return style.prompted_reasoning ? "Prompted reasoning" : "Reasoning";
}

class StyledOutput : public AnswerOutput {
 public:
  explicit StyledOutput(const OutputStyle& style)
      : style_(style),
        thought_(StandardScreen(), kThoughtStyle, "│ "),
        plain_(StandardScreen(), {}, ""),
        markdown_(StandardScreen()) {}

  void Reasoning(std::string_view text) override {
    if (!style_.reasoning || text.empty()) return;
    if (!in_thought_) {
      EndAnswer();
      Line title;
      title.Append({.dim = true, .italic = true}, ThoughtTitle(style_));
      Write(STDOUT_FILENO, ToAnsi(title) + "\n");
      in_thought_ = true;
    }
    thought_.Append(text);
  }
  void Answer(std::string_view text) override {
    EndThought();
    // The empty lines that models put between thought and answer are ours to draw.
    if (!in_answer_) text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
    if (text.empty()) return;
    in_answer_ = true;
    style_.markdown ? markdown_.Append(text) : plain_.Append(text);
  }
  void Finish() override {
    EndThought();
    EndAnswer();
  }

 private:
  void EndThought() {
    if (!in_thought_) return;
    thought_.Finish();
    Write(STDOUT_FILENO, "\n");
    in_thought_ = false;
  }
  void EndAnswer() {
    if (!in_answer_) return;
    style_.markdown ? markdown_.Finish() : plain_.Finish();
    in_answer_ = false;
  }

  OutputStyle style_;
  PlainStream thought_;
  PlainStream plain_;
  MarkdownStream markdown_;
  bool in_thought_ = false;
  bool in_answer_ = false;
};

// Text written as it comes to one or two descriptors.
class DirectOutput : public AnswerOutput {
 public:
  DirectOutput(const OutputStyle& style, bool terminal)
      : style_(style),
        terminal_(terminal),
        thought_to_(terminal ? STDOUT_FILENO : STDERR_FILENO),
        thought_safe_(terminal || ::isatty(STDERR_FILENO) == 1),
        thought_styled_(!terminal && ShowsStyles(STDERR_FILENO)) {}

  void Reasoning(std::string_view text) override {
    if (!style_.reasoning || text.empty()) return;
    if (!in_thought_) {
      EndLine();
      if (terminal_ || style_.prompted_reasoning) Write(thought_to_, std::string(ThoughtTitle(style_)) + ":\n");
      in_thought_ = true;
    }
    std::string shown = thought_safe_ ? ForTerminal(text) : std::string(text);
    if (thought_styled_) shown = "\x1b[2m" + shown + "\x1b[0m";
    Write(thought_to_, shown);
    thought_line_open_ = !text.ends_with('\n');
  }
  void Answer(std::string_view text) override {
    if (text.empty()) return;
    EndThought();
    Write(STDOUT_FILENO, terminal_ ? ForTerminal(text) : std::string(text));
    line_open_ = !text.ends_with('\n');
  }
  void Finish() override {
    EndThought();
    EndLine();
  }

 private:
  void EndThought() {
    if (!in_thought_) return;
    if (thought_line_open_) Write(thought_to_, "\n");
    if (terminal_) Write(thought_to_, "Answer:\n");
    in_thought_ = false;
  }
  void EndLine() {
    if (line_open_) Write(STDOUT_FILENO, "\n");
    line_open_ = false;
  }

  OutputStyle style_;
  bool terminal_;
  int thought_to_;
  bool thought_safe_;    // must be made printable
  bool thought_styled_;  // may be dimmed
  bool in_thought_ = false;
  bool thought_line_open_ = false;
  bool line_open_ = false;
};

}  // namespace

std::unique_ptr<AnswerOutput> MakeAnswerOutput(const OutputStyle& style) {
  if (ShowsStyles(STDOUT_FILENO)) return std::make_unique<StyledOutput>(style);
  return std::make_unique<DirectOutput>(style, ::isatty(STDOUT_FILENO) == 1);
}

}  // namespace candor
