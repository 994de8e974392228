// Lines typed at a terminal, with editing, history and completion (libedit).
#ifndef CANDOR_CLI_TERMINAL_LINE_EDITOR_H_
#define CANDOR_CLI_TERMINAL_LINE_EDITOR_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal/signal_watch.h"

namespace candor {

enum class InputEnd : uint8_t {
  kEntered,      // Enter
  kInterrupted,  // Ctrl-C: what was typed is dropped
  kClosed,       // Ctrl-D on an empty line, the terminal has gone, or SIGTERM or SIGHUP came
};

struct Input {
  InputEnd end = InputEnd::kClosed;
  std::string text;
};

// The words that the last word of `before_cursor` may become.
using Completer = std::function<std::vector<std::string>(std::string_view before_cursor)>;

// What the terminal is fit for.
struct LineEditorStyle {
  bool bold_prompt = true;
  bool bracketed_paste = true;  // the terminal marks what is pasted (an escape sequence, but no style)
};

// Reads from standard input and writes to standard output, both terminals. Emacs keys; Alt-Enter makes a line end
// within a line, and what is pasted (bracketed paste) is taken as it is, line ends included. All files it needs are
// open once it is made: it works in a sealed process. Sets the process's LC_CTYPE to the user's if that is UTF-8, and
// to C.UTF-8 if not. From the first line read until the editor ends the terminal echoes nothing by itself: what is
// typed between two lines waits for the next one.
class LineEditor {
 public:
  // `signals` watches SIGINT, SIGTERM, SIGHUP, SIGWINCH and SIGCONT, and outlives the editor.
  LineEditor(SignalWatch& signals, Completer completer, LineEditorStyle style);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // One line behind `prompt`: printable text that ends in a blank. Backslashes at the end of a line and """ blocks are
  // the caller's business: see ReadMessage.
  Input ReadLine(const std::string& prompt);

  // Makes `text` the newest entry of the history, which the arrow keys go through.
  void AddHistory(const std::string& text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What a person means as one message: a line; lines that end in a backslash and the one after them; or everything
// between """ and """, which may be on lines of their own. `read` gives the next line behind a prompt.
Input ReadMessage(const std::function<Input(const std::string& prompt)>& read, const std::string& prompt,
                  const std::string& continuation);

}  // namespace candor

#endif  // CANDOR_CLI_TERMINAL_LINE_EDITOR_H_
