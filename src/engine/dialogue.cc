#include "engine/dialogue.h"

#include <utility>

#include "base/error.h"

namespace candor {
namespace {

// A prompt that has text and no tokens is the fault of the file's vocabulary, not of who asks.
void RequireTokens(const LanguageModel& model, const PreparedRequest& prepared) {
  if (!prepared.request.prompt.empty()) return;
  throw FormatError(model.metadata().source() +
                    ": tokenizer.ggml.tokens: nothing of the prompt has a token, at least one expected");
}

}  // namespace

Dialogue::Dialogue(const LanguageModel& model)
    : model_(model),
      chat_(ChatPromptFromGguf(model.metadata(), SpecialTokensOf(model.tokenizer()), false)),
      marks_(FindReasoningMarks(model.tokenizer(), model.metadata().GetString("tokenizer.chat_template").value_or(""))),
      guard_(model.tokenizer(), {marks_.open_text, marks_.close_text}) {}

PreparedRequest Dialogue::Prepare(std::vector<Message> messages, const ThinkSetting& think, int64_t now) const {
  PreparedRequest prepared;
  PromptOptions options;
  if (think.mode != ThinkMode::kModel) options.thinking = think.mode == ThinkMode::kOn;
  if (think.mode == ThinkMode::kOn && !marks_.are_own) {
    AskToThink(marks_, messages);
    prepared.prompted_reasoning = true;
  }
  const ControlTokenGuard::Marked marked = guard_.Mark(TemplateMessages(messages));
  GuardedText rendered = ControlTokenGuard::Unmark(chat_->Render(marked.messages, options, now), marked.mark);
  prepared.prompt = std::move(rendered.text);
  prepared.request.prompt = model_.tokenizer().EncodeGuarded(prepared.prompt, rendered.literal);
  RequireTokens(model_, prepared);
  prepared.request.end_tokens = model_.tokenizer().end_tokens();
  if (marks_.are_own || prepared.prompted_reasoning) ControlThoughts(think, prepared);
  return prepared;
}

void Dialogue::ControlThoughts(const ThinkSetting& think, PreparedRequest& prepared) const {
  const Tokenizer& tokenizer = model_.tokenizer();
  ThinkingControl& control = prepared.request.thinking;
  control.open = marks_.open;
  control.close = marks_.close;
  if (!marks_.close) {
    control.open_text = marks_.open_text;
    control.close_text = marks_.close_text;
  }
  const PromptEnd end = ThoughtAtEnd(marks_, tokenizer, prepared.request.prompt);
  control.starts_open = end == PromptEnd::kOpenThought;
  if (think.mode == ThinkMode::kOn && end == PromptEnd::kAnswer) {
    prepared.request.forced_prefix = tokenizer.Encode(marks_.open_text, true);
  }
  control.budget = think.mode == ThinkMode::kOff ? 0 : think.budget;
  control.end_closes = prepared.prompted_reasoning;
  if (control.budget || control.end_closes) control.forced_close = tokenizer.Encode(marks_.close_text + "\n\n", true);
}

PreparedRequest Dialogue::Continue(std::string_view text) const {
  PreparedRequest prepared;
  prepared.prompt = text;
  prepared.request.prompt = model_.Prompt(text, true);
  RequireTokens(model_, prepared);
  prepared.request.end_tokens = model_.tokenizer().end_tokens();
  return prepared;
}

}  // namespace candor
