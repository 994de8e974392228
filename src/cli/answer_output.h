// Where the text of an answer goes while it is written: to a terminal, to a pipe, or nowhere yet.
#ifndef CANDOR_CLI_ANSWER_OUTPUT_H_
#define CANDOR_CLI_ANSWER_OUTPUT_H_

#include <memory>
#include <string_view>

namespace candor {

// Text is whole UTF-8 characters, as the model wrote it.
class AnswerOutput {
 public:
  virtual ~AnswerOutput() = default;
  virtual void Reasoning(std::string_view text) = 0;
  virtual void Answer(std::string_view text) = 0;
  // A piece of a call of a tool, whose first piece `begins` it and may be empty.
  virtual void Call(std::string_view recipient, std::string_view text, bool begins) = 0;
  // Ends the answer and its last line; the output can take another answer after it.
  virtual void Finish() = 0;
};

struct OutputStyle {
  bool markdown = true;             // of answers; only where styles are shown
  bool reasoning = true;            // show it, and calls of tools
  bool prompted_reasoning = false;  // the model was asked to think in its prompt: said above the thought
};

// Answers go to standard output. On a terminal with styles they are rendered as Markdown and thoughts stand before
// them, dimmed, behind a bar, as calls of tools do; on one without (NO_COLOR is set, TERM is dumb) all are plain.
// Elsewhere an answer is written byte for byte, with a line end added where it has none, and thoughts and calls go to
// standard error. Whatever reaches a terminal is printable text (see cli/terminal/printable.h). Throws IoError when
// output cannot be written.
std::unique_ptr<AnswerOutput> MakeAnswerOutput(const OutputStyle& style);

}  // namespace candor

#endif  // CANDOR_CLI_ANSWER_OUTPUT_H_
