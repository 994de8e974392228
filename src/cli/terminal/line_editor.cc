// Goal: libedit's editing with signals that we see. Rejected: libedit's own signal handlers (EL_SIGNAL), which end a
// read on Ctrl-C only after sending the signal to the whole process group, and its reader, which tries again after the
// first interrupted call; both are replaced by waiting on the terminal and a SignalWatch together.
#include "cli/terminal/line_editor.h"

#include <errno.h>
#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/error.h"
#include "cli/terminal/printable.h"
#include "cli/terminal/write_all.h"

namespace candor {
namespace {

constexpr const char* kBold = "\x1b[1m";
constexpr const char* kPlain = "\x1b[0m";
constexpr const char* kPasteOn = "\x1b[?2004h";
constexpr const char* kPasteOff = "\x1b[?2004l";
constexpr std::wstring_view kPasteEnd = L"\x1b[201~";
constexpr size_t kMaxPaste = 1u << 20;
constexpr int kHistoryEntries = 10'000;

void UseUtf8() {
  if (::setlocale(LC_CTYPE, "") != nullptr && std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0) return;
  ::setlocale(LC_CTYPE, "C.UTF-8");
}

std::string CommonPrefix(const std::vector<std::string>& words) {
  std::string prefix = words[0];
  for (const std::string& word : words) {
    const auto differ = std::mismatch(prefix.begin(), prefix.end(), word.begin(), word.end());
    prefix.erase(differ.first, prefix.end());
  }
  return prefix;
}

}  // namespace

struct LineEditor::Impl {
  SignalWatch* signals;
  Completer completer;
  LineEditorStyle style;
  std::string prompt;
  EditLine* edit = nullptr;
  History* history = nullptr;
  bool left = false;  // the terminal is gone, or the process was asked to end

  static Impl& Of(EditLine* edit) {
    void* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return *static_cast<Impl*>(self);
  }
  static char* Prompt(EditLine* edit) { return Of(edit).prompt.data(); }
  static int ReadCharacter(EditLine* edit, wchar_t* out) { return Of(edit).NextCharacterFromTerminal(out); }
  static unsigned char Complete(EditLine* edit, int) { return Of(edit).CompleteWord(); }
  static unsigned char Paste(EditLine* edit, int) { return Of(edit).TakePaste(); }
  static unsigned char LineEnd(EditLine* edit, int) { return el_insertstr(edit, "\n") == 0 ? CC_REFRESH : CC_ERROR; }

  // 1: a character; 0: the end of input; -1: a signal came, errno is EINTR.
  int NextCharacterFromTerminal(wchar_t* out);
  // Waits for a byte; the same results.
  int NextByte(unsigned char* out);
  void SetPrompt(const std::string& text);
  void EnterEditMode();
  void BracketPastes(bool on);
  void HandleTerminalSignals();
  unsigned char CompleteWord();
  unsigned char TakePaste();
};

// libedit keeps an escape sequence together with the character that follows, and drops one that nothing follows: the
// bold ends before the prompt's blank.
void LineEditor::Impl::SetPrompt(const std::string& text) {
  prompt = text;
  if (!style.bold_prompt) return;
  const size_t blank = text.rfind(' ');
  CHECK(blank != std::string::npos);
  prompt = std::string("\1") + kBold + "\1" + text.substr(0, blank) + "\1" + kPlain + "\1" + text.substr(blank);
}

// libedit by itself sets the mode only after it has shown the prompt: a key that comes in between would be read in the
// mode before.
void LineEditor::Impl::EnterEditMode() {
  el_set(edit, EL_PREP_TERM, 0);  // libedit sets no mode that it believes to be set; a shell may have changed it
  el_set(edit, EL_PREP_TERM, 1);
}

void LineEditor::Impl::BracketPastes(bool on) {
  if (style.bracketed_paste) (void)WriteAll(STDOUT_FILENO, on ? kPasteOn : kPasteOff);
}

void LineEditor::Impl::HandleTerminalSignals() {
  if (signals->Take(SIGCONT)) {
    EnterEditMode();
    BracketPastes(true);
    el_set(edit, EL_REFRESH);
  }
  if (signals->Take(SIGWINCH)) {
    el_resize(edit);
    el_set(edit, EL_REFRESH);
  }
}

int LineEditor::Impl::NextByte(unsigned char* out) {
  for (;;) {
    pollfd waiting[2] = {{STDIN_FILENO, POLLIN, 0}, {signals->descriptor(), POLLIN, 0}};
    const int ready = ::poll(waiting, 2, -1);
    if (ready < 0 && errno != EINTR) return 0;
    if (ready > 0 && waiting[1].revents != 0) signals->Drain();
    if (signals->Pending(SIGTERM) || signals->Pending(SIGHUP)) {
      left = true;
      return 0;
    }
    if (signals->Pending(SIGINT)) {
      errno = EINTR;
      return -1;
    }
    HandleTerminalSignals();
    if (ready <= 0 || waiting[0].revents == 0) continue;
    const ssize_t got = ::read(STDIN_FILENO, out, 1);
    if (got == 1) return 1;
    if (got == 0 || errno != EINTR) return 0;
  }
}

int LineEditor::Impl::NextCharacterFromTerminal(wchar_t* out) {
  unsigned char byte = 0;
  int result = NextByte(&byte);
  if (result != 1) return result;
  std::string bytes(1, static_cast<char>(byte));
  const int more = byte >= 0xF0 && byte < 0xF8 ? 3 : byte >= 0xE0 ? 2 : byte >= 0xC0 ? 1 : 0;
  for (int i = 0; i < more; ++i) {
    result = NextByte(&byte);
    if (result != 1) return result;
    bytes += static_cast<char>(byte);
  }
  *out = static_cast<wchar_t>(NextCharacter(bytes).code);
  return 1;
}

unsigned char LineEditor::Impl::TakePaste() {
  std::wstring text;
  wchar_t character = 0;
  while (!text.ends_with(kPasteEnd)) {
    if (el_wgetc(edit, &character) != 1) return CC_EOF;
    if (text.size() < kMaxPaste + kPasteEnd.size()) {
      text += character;
    } else {  // beyond the limit only the end is looked for
      text.erase(kMaxPaste, 1);
      text += character;
    }
  }
  text.resize(text.size() - kPasteEnd.size());
  std::wstring clean;
  for (size_t i = 0; i < text.size(); ++i) {
    const wchar_t c = text[i];
    if (c == L'\r') {
      if (i + 1 == text.size() || text[i + 1] != L'\n') clean += L'\n';
    } else if (c == L'\n' || c == L'\t' || (c >= 0x20 && (c < 0x7F || c >= 0xA0))) {
      clean += c;
    }
  }
  if (clean.empty()) return CC_NORM;
  return el_winsertstr(edit, clean.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
}

unsigned char LineEditor::Impl::CompleteWord() {
  const LineInfo* line = el_line(edit);
  const std::string_view before(line->buffer, static_cast<size_t>(line->cursor - line->buffer));
  const std::vector<std::string> words = completer(before);
  if (words.empty()) return CC_ERROR;
  const std::string_view typed = before.substr(before.rfind(' ') + 1);
  const std::string common = CommonPrefix(words);
  if (common.size() > typed.size() || words.size() == 1) {
    const std::string rest = common.substr(std::min(common.size(), typed.size())) + (words.size() == 1 ? " " : "");
    return el_insertstr(edit, rest.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
  }
  std::string list = "\n";
  for (const std::string& word : words) list += word + "  ";
  (void)WriteAll(STDOUT_FILENO, list + "\n");
  return CC_REDISPLAY;
}

LineEditor::LineEditor(SignalWatch& signals, Completer completer, LineEditorStyle style)
    : impl_(std::make_unique<Impl>(Impl{&signals, std::move(completer), style, "", nullptr, nullptr, false})) {
  UseUtf8();
  impl_->edit = el_init("candor", stdin, stdout, stderr);
  impl_->history = history_init();
  if (impl_->edit == nullptr || impl_->history == nullptr) throw IoError("the line editor cannot use this terminal");
  EditLine* edit = impl_->edit;
  HistEvent event;
  history(impl_->history, &event, H_SETSIZE, kHistoryEntries);
  history(impl_->history, &event, H_SETUNIQUE, 1);
  el_set(edit, EL_CLIENTDATA, impl_.get());
  el_set(edit, EL_HIST, history, impl_->history);
  el_set(edit, EL_EDITOR, "emacs");
  el_set(edit, EL_SIGNAL, 0);
  el_set(edit, EL_PROMPT_ESC, Impl::Prompt, '\1');
  el_set(edit, EL_GETCFN, Impl::ReadCharacter);
  el_set(edit, EL_ADDFN, "candor-complete", "complete a command", Impl::Complete);
  el_set(edit, EL_ADDFN, "candor-paste", "insert what was pasted", Impl::Paste);
  el_set(edit, EL_ADDFN, "candor-line-end", "insert a line end", Impl::LineEnd);
  el_set(edit, EL_BIND, "\t", "candor-complete", nullptr);
  el_set(edit, EL_BIND, "\\e[200~", "candor-paste", nullptr);
  el_set(edit, EL_BIND, "\\e\\n", "candor-line-end", nullptr);
  el_set(edit, EL_BIND, "\\e\\r", "candor-line-end", nullptr);
  el_set(edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_set(edit, EL_BIND, "^@", "em-set-mark", nullptr);  // libedit takes it for a disabled "literal next" otherwise
  el_set(edit, EL_BIND, "\\e[3~", "ed-delete-next-char", nullptr);
  el_set(edit, EL_BIND, "\\e[1;5C", "em-next-word", nullptr);
  el_set(edit, EL_BIND, "\\e[1;5D", "ed-prev-word", nullptr);
}

LineEditor::~LineEditor() {
  if (impl_->history != nullptr) history_end(impl_->history);
  if (impl_->edit != nullptr) el_end(impl_->edit);
}

Input LineEditor::ReadLine(const std::string& prompt) {
  if (impl_->left) return {};
  impl_->signals->Take(SIGINT);
  impl_->SetPrompt(prompt);
  // The mode between two lines. A terminal that gathers lines (icanon) would turn a Ctrl-D typed then into nothing.
  el_set(impl_->edit, EL_SETTY, "-x", "-icanon", "-echo", nullptr);
  impl_->EnterEditMode();
  impl_->BracketPastes(true);
  int count = 0;
  const char* line = el_gets(impl_->edit, &count);
  impl_->BracketPastes(false);
  // A line that was left while libedit drew its prompt may end in bold.
  if (impl_->style.bold_prompt) (void)WriteAll(STDOUT_FILENO, kPlain);
  if (impl_->signals->Take(SIGINT)) {
    (void)WriteAll(STDOUT_FILENO, "\n");
    return {InputEnd::kInterrupted, ""};
  }
  if (line == nullptr || count <= 0) {
    (void)WriteAll(STDOUT_FILENO, "\n");
    return {};
  }
  std::string text(line, static_cast<size_t>(count));
  if (text.ends_with('\n')) text.pop_back();
  return {InputEnd::kEntered, text};
}

void LineEditor::AddHistory(const std::string& text) {
  HistEvent event;
  history(impl_->history, &event, H_ENTER, text.c_str());
}

}  // namespace candor
