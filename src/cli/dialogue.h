// From a conversation to a request: the model's template, its tokens, and how it reasons.
#ifndef CANDOR_CLI_DIALOGUE_H_
#define CANDOR_CLI_DIALOGUE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/template.h"
#include "cli/think_setting.h"
#include "engine/language_model.h"
#include "engine/request.h"

namespace candor {

struct ChatMessage {
  std::string role;  // "system", "user" or "assistant"
  std::string content;
  std::string reasoning = {};  // of an assistant
};

// A request's prompt and everything that depends on how the model reasons. The rest is the caller's.
struct PreparedRequest {
  Request request;
  std::string prompt;               // the exact text that the model sees
  bool prompted_reasoning = false;  // the model was asked to reason by the prompt
};

class Dialogue {
 public:
  // Keeps a reference to `model`. Throws TemplateError for a template that does not parse.
  explicit Dialogue(const LanguageModel& model);

  // Whether the model has a chat template; without one it only goes on with texts.
  bool can_chat() const { return template_.has_value(); }

  // The request that answers the last of `messages`. Throws TemplateError, also when the template refuses the
  // messages, and UsageError for reasoning that the model cannot do.
  PreparedRequest Prepare(const std::vector<ChatMessage>& messages, const ThinkSetting& think) const;
  // The request that goes on with `text`.
  PreparedRequest Continue(std::string_view text) const;

 private:
  const LanguageModel& model_;
  std::optional<ChatTemplate> template_;
};

}  // namespace candor

#endif  // CANDOR_CLI_DIALOGUE_H_
