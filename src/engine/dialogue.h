// From a conversation to a request: the model's template, its tokens, and how it reasons.
#ifndef CANDOR_ENGINE_DIALOGUE_H_
#define CANDOR_ENGINE_DIALOGUE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/control_token_guard.h"
#include "chat/message.h"
#include "chat/prompt.h"
#include "chat/reasoning.h"
#include "chat/think_setting.h"
#include "engine/language_model.h"
#include "engine/request.h"

namespace candor {

// A request's prompt and everything that depends on how the model reasons. The rest is the caller's.
struct PreparedRequest {
  Request request;
  std::string prompt;               // the exact text that the model sees
  bool prompted_reasoning = false;  // the model was asked to reason by the prompt
};

// What a conversation's prompt depends on besides its messages.
struct PrepareOptions {
  ThinkSetting think = {};
  // The time that the template may show: seconds since 1970 of the local clock, as if it showed UTC.
  int64_t now = 0;
  jinja::Value variables = {};  // a dict that the template is given, or None
  // The last message is the assistant's, and the answer goes on with it (Request::resumed): with its text, or inside
  // its thought when it has reasoning and no text.
  bool continue_last = false;
};

class Dialogue {
 public:
  // Keeps a reference to the model's tokenizer. Throws TemplateError for a template that does not parse.
  explicit Dialogue(const LanguageModel& model);
  // The same for a tokenizer and a template, if any; answers end at the tokenizer's end tokens. `vocabulary_name` is
  // what messages call the vocabulary.
  Dialogue(const Tokenizer& tokenizer, std::optional<ChatPrompt> chat, std::string vocabulary_name);

  // Whether the model has a chat template; without one it only goes on with texts.
  bool can_chat() const { return chat_.has_value(); }
  // Whether the model writes thoughts by itself.
  bool reasons() const { return format_.is_own; }

  // The request that answers the last of `messages`; the model must have a template. Control tokens that a message
  // spells stay text (chat/control_token_guard.h). Reasoning is
  //   on    asked for from the template; a thought that it does not open is begun for the model. A model without a
  //         format for thoughts is asked to reason by a prompt (chat/reasoning.h). An effort is told to the template or
  //         becomes a budget (chat/thinking_prompt.h).
  //   off   refused in the template, and closed at once where the model begins one all the same.
  //   auto  what template and model do by themselves.
  // A budget closes the thought after that many tokens. Throws TemplateError, also when the template refuses the
  // messages, FormatError when the vocabulary has no token for the prompt, or one that the model lacks, and UsageError
  // when the last message cannot be continued.
  PreparedRequest Prepare(std::vector<Message> messages, const PrepareOptions& options) const;

  // The request that goes on with `text`, in which special tokens may be written out, or with tokens. Neither is empty;
  // FormatError as above, UsageError for tokens that are none.
  PreparedRequest Continue(std::string_view text) const;
  PreparedRequest Continue(std::vector<TokenId> tokens) const;

 private:
  void ControlThoughts(const ThinkSetting& think, std::optional<uint32_t> budget, PreparedRequest& prepared) const;
  void Resume(const Message& begun, PreparedRequest& prepared) const;
  void RequireTokens(const PreparedRequest& prepared) const;

  const Tokenizer& tokenizer_;
  std::string vocabulary_name_;
  size_t vocabulary_ = SIZE_MAX;  // how many tokens the model computes with
  std::vector<TokenId> end_tokens_;
  std::optional<ChatPrompt> chat_;
  ReasoningFormat format_;
  // The stricter one first. Its marks hide user-defined tokens from a template that looks for one in a message, which
  // then makes another prompt: the second leaves them alone.
  std::array<ControlTokenGuard, 2> guards_;
};

}  // namespace candor

#endif  // CANDOR_ENGINE_DIALOGUE_H_
