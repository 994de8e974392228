// A prompt that tells the model how much to think, in whichever way its template knows.
#ifndef CANDOR_CHAT_THINKING_PROMPT_H_
#define CANDOR_CHAT_THINKING_PROMPT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "chat/prompt.h"
#include "chat/think_setting.h"

namespace candor {

struct ThinkingPrompt {
  std::string text;
  // The most tokens of reasoning: the setting's own number, or what an effort is worth that the template does not know.
  std::optional<uint32_t> budget = {};
};

// Renders `messages` as ChatPrompt::Render() does.
//   on, off   are variables of the template. One that ignores them but looks for "/think" and "/no_think" in messages
//             finds the word at the end of the system message.
//   effort    is a variable too. A template that ignores or refuses the word leaves it to a budget, the setting's own
//             where it has one.
// What a template ignores is found by rendering it with something else. `options.thinking` and `options.effort` are
// not used.
ThinkingPrompt RenderThinking(const ChatPrompt& chat, const jinja::Value& messages, PromptOptions options,
                              const ThinkSetting& think, int64_t now);

}  // namespace candor

#endif  // CANDOR_CHAT_THINKING_PROMPT_H_
