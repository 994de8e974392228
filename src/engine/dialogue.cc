#include "engine/dialogue.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "chat/thinking_prompt.h"

namespace candor {

namespace {

// What messages call a model's vocabulary.
std::string VocabularyName(const Checkpoint& origin) {
  return origin.source + (origin.format == CheckpointFormat::kGguf ? ": tokenizer.ggml.tokens" : ": its tokenizer");
}

}  // namespace

Dialogue::Dialogue(const LanguageModel& model)
    : Dialogue(model.tokenizer(), ChatPromptOf(model.origin(), SpecialTokensOf(model.tokenizer()), false),
               VocabularyName(model.origin())) {
  end_tokens_ = model.end_tokens();
  vocabulary_ = model.model().config.vocabulary;
}

Dialogue::Dialogue(const Tokenizer& tokenizer, std::optional<ChatPrompt> chat, std::string vocabulary_name)
    : tokenizer_(tokenizer),
      vocabulary_name_(std::move(vocabulary_name)),
      end_tokens_(tokenizer.end_tokens()),
      chat_(std::move(chat)),
      format_(FindReasoningFormat(tokenizer, chat_ ? chat_->text() : "")),
      guards_{ControlTokenGuard(tokenizer, chat_ ? chat_->text() : "", format_.in_messages),
              ControlTokenGuard(tokenizer, "", format_.in_messages)} {}

PreparedRequest Dialogue::Prepare(std::vector<Message> messages, const ThinkSetting& think, int64_t now) const {
  PreparedRequest prepared;
  FitHistory(format_, messages);
  jinja::Value list = TemplateMessages(messages);
  prepared.prompted_reasoning = think.mode == ThinkMode::kOn && !format_.is_own;
  if (prepared.prompted_reasoning) list = AskToThink(format_, list);
  const ThinkingPrompt rendered = RenderThinking(*chat_, list, {}, think, now);
  GuardedText guarded;
  for (const ControlTokenGuard& guard : guards_) {
    const ControlTokenGuard::Marked marked = guard.Mark(list);
    guarded = ControlTokenGuard::Unmark(RenderThinking(*chat_, marked.messages, {}, think, now).text, marked.mark);
    if (guarded.text == rendered.text) break;
  }
  prepared.prompt = std::move(guarded.text);
  prepared.request.prompt = tokenizer_.EncodeGuarded(prepared.prompt, guarded.literal);
  RequireTokens(prepared);
  prepared.request.end_tokens = end_tokens_;
  if (format_.is_own || prepared.prompted_reasoning) ControlThoughts(think, rendered.budget, prepared);
  return prepared;
}

void Dialogue::ControlThoughts(const ThinkSetting& think, std::optional<uint32_t> budget,
                               PreparedRequest& prepared) const {
  ThinkingControl& control = prepared.request.thinking;
  control.format = format_.format;
  PromptState state = StateAtEnd(format_, tokenizer_, prepared.request.prompt);
  control.begun = std::move(state.begun);
  if (think.mode == ThinkMode::kOn && state.end == PromptEnd::kAnswer) {
    prepared.request.forced_prefix = tokenizer_.Encode(format_.open_text, true);
  }
  control.budget = think.mode == ThinkMode::kOff ? 0 : budget;
  control.end_closes = prepared.prompted_reasoning;
  if (control.budget || control.end_closes) control.forced_close = tokenizer_.Encode(format_.forced_close, true);
}

PreparedRequest Dialogue::Continue(std::string_view text) const {
  PreparedRequest prepared;
  prepared.prompt = text;
  prepared.request.prompt = TokensToContinue(tokenizer_, text, true);
  RequireTokens(prepared);
  prepared.request.end_tokens = end_tokens_;
  return prepared;
}

// A prompt that has text and no tokens, or tokens that the model lacks, is the files' fault and not that of who asks.
void Dialogue::RequireTokens(const PreparedRequest& prepared) const {
  const std::vector<TokenId>& prompt = prepared.request.prompt;
  if (prompt.empty()) {
    throw FormatError(vocabulary_name_ + ": nothing of the prompt has a token, at least one expected");
  }
  const TokenId highest = *std::ranges::max_element(prompt);
  if (static_cast<size_t>(highest) < vocabulary_) return;
  throw FormatError(vocabulary_name_ + ": \"" + Printable(tokenizer_.Piece(highest)) + "\" is token " +
                    std::to_string(highest) + ", but the model has " + std::to_string(vocabulary_) + " tokens");
}

}  // namespace candor
