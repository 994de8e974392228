#include "engine/generation.h"

#include <algorithm>
#include <utility>

#include "chat/thought_marks.h"
#include "engine/stop_strings.h"

namespace candor {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// Leaves out the blank characters at both ends of a text that comes in pieces.
class Trimmer {
 public:
  std::string Add(std::string_view text) {
    blanks_ += text;
    const size_t begin = started_ ? 0 : std::min(blanks_.find_first_not_of(kBlanks), blanks_.size());
    const size_t end = blanks_.find_last_not_of(kBlanks);
    if (end == std::string::npos || end < begin) {
      if (!started_) blanks_.clear();
      return "";
    }
    started_ = true;
    std::string shown = blanks_.substr(begin, end + 1 - begin);
    blanks_.erase(0, end + 1);
    return shown;
  }

 private:
  bool started_ = false;
  std::string blanks_;  // shown when something follows them
};

}  // namespace

struct Generation::Impl {
  Impl(const Tokenizer& tokenizer, const Request& request, const GenerationOptions& options)
      : end_tokens(request.end_tokens),
        marks_are_tokens(request.thinking.close.has_value()),
        reasoning(request.thinking.starts_open),
        detokenizer(tokenizer, false, options.continues),
        text_marks(marks_are_tokens ? "" : request.thinking.open_text,
                   marks_are_tokens ? "" : request.thinking.close_text, request.thinking.starts_open),
        stop(options.stop) {}

  void AddToken(const TokenOutput& output);
  void AddText(std::string_view text);
  void AddPiece(bool is_reasoning, std::string_view text);
  void AfterMark();
  void Flush();

  const std::vector<TokenId> end_tokens;
  const bool marks_are_tokens;
  bool reasoning;  // of the last token, when marks are tokens
  StreamingDetokenizer detokenizer;
  ThoughtMarks text_marks;
  StopStrings stop;
  Trimmer thought;
  bool skip_blanks = false;  // between a thought and the answer
  bool finished = false;
  std::vector<TextEvent> events;
};

void Generation::Impl::AddToken(const TokenOutput& output) {
  const bool is_end = !output.forced && output.role == TokenRole::kMark &&
                      std::find(end_tokens.begin(), end_tokens.end(), output.token) != end_tokens.end();
  if (is_end) return;
  if (marks_are_tokens) {
    if (output.role == TokenRole::kMark) {
      AddText(detokenizer.Finish());  // half a character is not finished by what follows a mark
      AfterMark();
      return;
    }
    reasoning = output.role == TokenRole::kReasoning;
  }
  AddText(detokenizer.Add(output.token));
}

void Generation::Impl::AddText(std::string_view text) {
  if (marks_are_tokens) {
    AddPiece(reasoning, text);
    return;
  }
  const uint32_t marks = text_marks.marks();
  const std::vector<ThoughtMarks::Piece> pieces = text_marks.Add(text);
  // The closing mark lies between the last piece of reasoning and the first of the answer.
  bool closed = text_marks.marks() > marks && !text_marks.inside();
  for (const ThoughtMarks::Piece& piece : pieces) {
    if (closed && !piece.reasoning) {
      AfterMark();
      closed = false;
    }
    AddPiece(piece.reasoning, piece.text);
  }
  if (closed) AfterMark();
}

void Generation::Impl::AddPiece(bool is_reasoning, std::string_view text) {
  if (is_reasoning) {
    std::string shown = thought.Add(text);
    if (!shown.empty()) events.push_back(ReasoningText{std::move(shown)});
    return;
  }
  if (skip_blanks) text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  if (text.empty()) return;
  skip_blanks = false;
  std::string shown = stop.Add(text);
  if (!shown.empty()) events.push_back(AnswerText{std::move(shown)});
}

void Generation::Impl::AfterMark() {
  thought = {};
  skip_blanks = true;
}

void Generation::Impl::Flush() {
  AddText(detokenizer.Finish());
  for (const ThoughtMarks::Piece& piece : text_marks.Finish()) AddPiece(piece.reasoning, piece.text);
  std::string shown = stop.Finish();
  if (!shown.empty()) events.push_back(AnswerText{std::move(shown)});
}

Generation::Generation(const Tokenizer& tokenizer, const Request& request, const GenerationOptions& options)
    : impl_(std::make_unique<Impl>(tokenizer, request, options)) {}

Generation::~Generation() = default;

bool Generation::stopped() const { return impl_->stop.stopped(); }
bool Generation::finished() const { return impl_->finished; }

std::vector<TextEvent> Generation::Add(const Event& event) {
  Impl& s = *impl_;
  if (s.finished) return {};
  if (const auto* token = std::get_if<TokenOutput>(&event.what)) {
    if (!stopped()) s.AddToken(*token);
  } else if (const auto* finished = std::get_if<Finished>(&event.what)) {
    s.Flush();
    s.finished = true;
    s.events.push_back(TextFinished{stopped() ? FinishReason::kStopString : finished->reason, finished->usage});
  } else if (const auto* failed = std::get_if<Failed>(&event.what)) {
    s.Flush();
    s.finished = true;
    s.events.push_back(TextFailed{failed->message, failed->usage});
  }
  return std::exchange(s.events, {});
}

}  // namespace candor
