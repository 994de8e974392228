#include "engine/generation.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "chat/answer_splitter.h"
#include "engine/stop_strings.h"

namespace candor {
namespace {

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

// What is missing of an empty line behind `text`.
std::string EmptyLineBehind(std::string_view text) {
  return text.ends_with("\n\n") ? "" : text.ends_with('\n') ? "\n" : "\n\n";
}

}  // namespace

struct Generation::Impl {
  Impl(const Tokenizer& its_tokenizer, const Request& request, const GenerationOptions& options)
      : tokenizer(its_tokenizer),
        end_tokens(request.end_tokens),
        splitter(MakeAnswerSplitter(request.thinking)),
        strips_space(tokenizer.strips_leading_space() && !options.continues),
        stop(options.stop) {}

  void AddToken(const TokenOutput& output);
  void AddParts(const AnswerParts& parts);
  void BeginPart(const AnswerPart& part);
  void AddText(std::string_view text);
  void AddReasoning(std::string_view text);
  void AddAnswer(std::string_view text);
  void Flush();

  const Tokenizer& tokenizer;
  const std::vector<TokenId> end_tokens;
  const std::unique_ptr<AnswerSplitter> splitter;
  bool strips_space;  // of the next token
  Utf8Assembler characters;
  TokenRole role = TokenRole::kAnswer;  // of the part under way
  Trimmer thought;
  bool join_thought = false;  // an empty line comes before the next text of it
  bool has_thought = false;   // some was shown
  bool skip_blanks = false;   // between a thought and the answer
  bool join_answer = false;
  bool has_answer = false;  // some was shown, blanks aside
  std::string answer_end;   // the last two bytes shown
  ToolCallText call;        // the one under way, without text
  uint32_t calls = 0;
  StopStrings stop;
  bool finished = false;
  std::vector<TextEvent> events;
};

void Generation::Impl::AddToken(const TokenOutput& output) {
  const bool is_end = !output.forced && output.role == TokenRole::kMark &&
                      std::find(end_tokens.begin(), end_tokens.end(), output.token) != end_tokens.end();
  if (is_end) return;
  std::string_view bytes = SpelledBytes(tokenizer, output.token);
  if (strips_space && !bytes.empty()) {
    if (bytes.front() == ' ') bytes.remove_prefix(1);
    strips_space = false;
  }
  AnswerParts parts;
  splitter->Add(output.token, bytes, output.forced, &parts);
  AddParts(parts);
}

void Generation::Impl::AddParts(const AnswerParts& parts) {
  for (const AnswerPart& part : parts) {
    if (part.begins) BeginPart(part);
    role = part.role;
    AddText(characters.Add(part.bytes));
  }
}

void Generation::Impl::BeginPart(const AnswerPart& part) {
  AddText(characters.Finish());  // half a character is not finished by what follows a mark
  if (part.role == TokenRole::kReasoning) {
    thought = {};
    join_thought = has_thought;
  } else if (part.role == TokenRole::kAnswer) {
    skip_blanks = true;
    join_answer = has_answer;
  } else {
    call = {calls++, ToValidUtf8(part.recipient), ""};
    events.push_back(call);
  }
}

void Generation::Impl::AddText(std::string_view text) {
  if (text.empty()) return;
  if (role == TokenRole::kReasoning) {
    AddReasoning(text);
  } else if (role == TokenRole::kAnswer) {
    AddAnswer(text);
  } else {
    events.push_back(ToolCallText{call.call, call.recipient, std::string(text)});
  }
}

void Generation::Impl::AddReasoning(std::string_view text) {
  std::string shown = thought.Add(text);
  if (shown.empty()) return;
  events.push_back(ReasoningText{(join_thought ? "\n\n" : "") + std::move(shown)});
  join_thought = false;
  has_thought = true;
}

void Generation::Impl::AddAnswer(std::string_view text) {
  if (skip_blanks) text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  if (text.empty()) return;
  skip_blanks = false;
  std::string joined = join_answer ? EmptyLineBehind(answer_end) : "";
  joined += text;
  join_answer = false;
  has_answer = has_answer || !IsBlank(text);
  answer_end += joined;
  answer_end.erase(0, answer_end.size() - std::min<size_t>(answer_end.size(), 2));
  std::string shown = stop.Add(joined);
  if (!shown.empty()) events.push_back(AnswerText{std::move(shown)});
}

void Generation::Impl::Flush() {
  AnswerParts parts;
  if (!stop.stopped()) splitter->Finish(&parts);
  AddParts(parts);
  AddText(characters.Finish());
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
