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

PreparedRequest Dialogue::Prepare(std::vector<Message> messages, const PrepareOptions& options) const {
  const ThinkSetting& think = options.think;
  PreparedRequest prepared;
  std::optional<Message> begun;
  if (options.continue_last) {
    if (messages.empty() || messages.back().role != "assistant" || !messages.back().tool_calls.empty()) {
      throw UsageError("messages: the last one must be the assistant's, without calls of tools, to be continued");
    }
    begun = std::move(messages.back());
    messages.pop_back();
  }
  FitHistory(format_, messages);
  jinja::Value list = TemplateMessages(messages);
  prepared.prompted_reasoning = think.mode == ThinkMode::kOn && !format_.is_own;
  if (prepared.prompted_reasoning) list = AskToThink(format_, list);
  const PromptOptions prompt{.variables = options.variables};
  const ThinkingPrompt rendered = RenderThinking(*chat_, list, prompt, think, options.now);
  GuardedText guarded;
  for (const ControlTokenGuard& guard : guards_) {
    const ControlTokenGuard::Marked marked = guard.Mark(list);
    guarded = ControlTokenGuard::Unmark(RenderThinking(*chat_, marked.messages, prompt, think, options.now).text,
                                        marked.mark);
    if (guarded.text == rendered.text) break;
  }
  prepared.prompt = std::move(guarded.text);
  prepared.request.prompt = tokenizer_.EncodeGuarded(prepared.prompt, guarded.literal);
  RequireTokens(prepared);
  prepared.request.end_tokens = end_tokens_;
  if (format_.is_own || prepared.prompted_reasoning) ControlThoughts(think, rendered.budget, prepared);
  if (begun) Resume(*begun, prepared);
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
  control.forced_close = tokenizer_.Encode(format_.forced_close, true);
}

// Puts the thought and the text of `begun` into the request, with the marks that the model would have written.
void Dialogue::Resume(const Message& begun, PreparedRequest& prepared) const {
  Request& request = prepared.request;
  const std::string& thought = begun.reasoning_content.value_or("");
  const std::string& text = begun.content.value_or("");
  const bool thinks = !std::holds_alternative<std::monostate>(request.thinking.format);
  if (!thought.empty() && !thinks) {
    throw UsageError("messages: the last one has reasoning, and this model has no form for it");
  }
  request.forced_prefix.clear();
  const auto append = [&](std::string_view piece, bool parse_special) {
    const std::vector<TokenId> tokens = tokenizer_.Encode(piece, parse_special);
    request.resumed.insert(request.resumed.end(), tokens.begin(), tokens.end());
  };
  const PromptEnd end = thinks ? StateAtEnd(format_, tokenizer_, request.prompt).end : PromptEnd::kAnswer;
  if (!thought.empty() && end != PromptEnd::kOpenThought) append(format_.open_text + format_.around_thought, true);
  append(thought, false);
  if (begun.content) {
    if (!thought.empty() || end == PromptEnd::kOpenThought) {
      append((thought.empty() ? "" : format_.around_thought) + format_.forced_close, true);
    } else if (thinks) {
      append(format_.open_answer, true);
    }
    append(text, false);
  }
}

PreparedRequest Dialogue::Continue(std::string_view text) const {
  PreparedRequest prepared;
  prepared.prompt = text;
  prepared.request.prompt = TokensToContinue(tokenizer_, text, true);
  RequireTokens(prepared);
  prepared.request.end_tokens = end_tokens_;
  return prepared;
}

PreparedRequest Dialogue::Continue(std::vector<TokenId> tokens) const {
  const size_t known = std::min(vocabulary_, tokenizer_.vocabulary_size());
  for (const TokenId token : tokens) {
    if (token >= 0 && static_cast<size_t>(token) < known) continue;
    throw UsageError("prompt: token " + std::to_string(token) + " is outside 0 to " + std::to_string(known - 1));
  }
  if (tokens.empty()) throw UsageError("prompt: must have at least one token");
  PreparedRequest prepared;
  prepared.request.prompt = std::move(tokens);
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
