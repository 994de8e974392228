#include "chat/thinking_prompt.h"

#include <utility>
#include <vector>

namespace candor {
namespace {

using jinja::Kind;
using jinja::Value;

constexpr const char* kOnWord = "/think";
constexpr const char* kOffWord = "/no_think";
// No template has a meaning for it.
constexpr const char* kUnknownEffort = "of no known kind";

using Entries = std::vector<jinja::Dict::Entry>;

// `messages` with `word` at the end of the system message, which is made where there is none.
Value WithSystemWord(const Value& messages, const std::string& word) {
  std::vector<Value> list = messages.items();
  const Value* role = list.empty() ? nullptr : list[0].dict().Find("role", nullptr);
  if (role == nullptr || !role->is_string() || role->utf8() != "system") {
    list.insert(list.begin(), Value::MakeDict({{Value::String("role"), Value::String("system")},
                                               {Value::String("content"), Value::String(word)}},
                                              nullptr));
    return Value::List(std::move(list));
  }
  Entries entries = list[0].dict().entries();
  for (auto& [name, value] : entries) {
    if (name.utf8() != "content") continue;
    if (value.is_string()) value = Value::String(value.utf8() + "\n" + word);
    if (value.is(Kind::kNone)) value = Value::String(word);
  }
  list[0] = Value::MakeDict(std::move(entries), nullptr);
  return Value::List(std::move(list));
}

std::optional<std::string> TryRender(const ChatPrompt& chat, const Value& messages, const PromptOptions& options,
                                     int64_t now) {
  try {
    return chat.Render(messages, options, now);
  } catch (const TemplateError&) {
    return std::nullopt;
  }
}

}  // namespace

ThinkingPrompt RenderThinking(const ChatPrompt& chat, const Value& messages, PromptOptions options,
                              const ThinkSetting& think, int64_t now) {
  options.thinking.reset();
  options.effort.reset();
  const bool on = think.mode == ThinkMode::kOn;
  if (think.mode != ThinkMode::kModel) options.thinking = on;
  ThinkingPrompt prompt{.text = chat.Render(messages, options, now), .budget = think.budget};
  if (think.mode == ThinkMode::kModel) return prompt;

  Value told = messages;
  if (chat.text().find(kOffWord) != std::string::npos) {
    PromptOptions otherwise = options;
    otherwise.thinking = !on;
    if (TryRender(chat, messages, otherwise, now) == prompt.text) {
      told = WithSystemWord(messages, on ? kOnWord : kOffWord);
      prompt.text = chat.Render(told, options, now);
    }
  }
  if (!think.effort) return prompt;
  options.effort = EffortName(*think.effort);
  PromptOptions unknown = options;
  unknown.effort = kUnknownEffort;
  std::optional<std::string> with_effort = TryRender(chat, told, options, now);
  if (with_effort && with_effort != TryRender(chat, told, unknown, now)) {
    prompt.text = std::move(*with_effort);
  } else if (!prompt.budget) {
    prompt.budget = EffortBudget(*think.effort);
  }
  return prompt;
}

}  // namespace candor
