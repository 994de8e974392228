#include "api/think_fields.h"

#include <algorithm>
#include <string>
#include <utility>

#include "api/field_reader.h"

namespace candor {
namespace {

// What has been said so far, and by which field.
class Claims {
 public:
  void Mode(const std::string& source, bool on) { Merge(source, on, mode_); }
  void Effort(const std::string& source, const std::string& word) {
    Mode(source, word != "none");
    if (word != "none") Merge(source, word, effort_);
  }
  void Budget(const std::string& source, int64_t tokens) {
    if (tokens < 0) return;
    // With a budget of 0 it is the same whether a thought is wanted.
    if (tokens > 0) Mode(source, true);
    Merge(source, static_cast<uint32_t>(tokens), budget_);
  }

  ThinkSetting Setting() const {
    if (mode_.value && !*mode_.value) return {.mode = ThinkMode::kOff};
    if (!mode_.value && !budget_.value) return {};
    ThinkSetting setting{.mode = ThinkMode::kOn, .budget = budget_.value};
    const std::string word = effort_.value.value_or("");
    if (const auto known = ParseThinkSetting(word); known && known->effort) setting.effort = known->effort;
    if (word == "minimal" && !setting.budget) setting.budget = kMinimalBudget;
    return setting;
  }

 private:
  template <typename T>
  struct Claim {
    std::string source;
    std::optional<T> value;
  };
  template <typename T>
  static void Merge(const std::string& source, const T& value, Claim<T>& claim) {
    if (claim.value && *claim.value != value) {
      throw RequestError(Contradiction(claim.source, source, "they say different things about reasoning"));
    }
    if (!claim.value) claim = {source, value};
  }

  Claim<bool> mode_;
  Claim<std::string> effort_;
  Claim<uint32_t> budget_;
};

bool IsEffort(const JsonValue& value) {
  return value.string() != nullptr && std::ranges::find(kEffortWords, *value.string()) != std::end(kEffortWords);
}

void ReadVariables(JsonValue& variables, Claims& claims) {
  auto* members = std::get_if<JsonObject>(&variables.value);
  if (members == nullptr) return;
  std::erase_if(*members, [&](const auto& member) {
    const auto& [name, value] = member;
    const std::string source = "chat_template_kwargs." + name;
    if ((name == "enable_thinking" || name == "thinking") && value.boolean() != nullptr) {
      claims.Mode(source, *value.boolean());
      return true;
    }
    if (name == "reasoning_effort" && IsEffort(value)) {
      claims.Effort(source, *value.string());
      return true;
    }
    return false;
  });
}

}  // namespace

ThinkSetting ReadThinkFields(const JsonValue& body, JsonValue& variables) {
  const FieldReader reader(body);
  Claims claims;
  if (const auto word = reader.String("reasoning_effort")) claims.Effort("reasoning_effort", *word);
  if (const JsonValue* reasoning = reader.Get("reasoning")) {
    const FieldReader inner(*reasoning);
    if (const auto on = inner.Bool("enabled")) claims.Mode("reasoning.enabled", *on);
    if (const auto word = inner.String("effort")) claims.Effort("reasoning.effort", *word);
    if (const auto budget = inner.Integer("max_tokens")) claims.Budget("reasoning.max_tokens", *budget);
  }
  if (const auto on = reader.Bool("thinking")) claims.Mode("thinking", *on);
  if (const JsonValue* thinking = reader.Get("thinking"); thinking != nullptr && thinking->object() != nullptr) {
    const FieldReader inner(*thinking);
    const std::string type = inner.String("type").value_or("");
    if (type == "enabled" || type == "disabled") claims.Mode("thinking.type", type == "enabled");
    if (const auto budget = inner.Integer("budget_tokens")) claims.Budget("thinking.budget_tokens", *budget);
  }
  if (const auto on = reader.Bool("think")) claims.Mode("think", *on);
  if (const auto word = reader.String("think")) claims.Effort("think", *word);
  if (const auto on = reader.Bool("enable_thinking")) claims.Mode("enable_thinking", *on);
  for (const char* name : {"thinking_token_budget", "thinking_budget", "thinking_budget_tokens",
                           "reasoning_budget_tokens", "reasoning_budget"}) {
    if (const auto budget = reader.Integer(name)) claims.Budget(name, *budget);
  }
  ReadVariables(variables, claims);
  return claims.Setting();
}

bool ReadShowsReasoning(const JsonValue& body) {
  const FieldReader reader(body);
  std::optional<bool> shown = reader.Bool("include_reasoning");
  if (const JsonValue* reasoning = reader.Get("reasoning")) {
    std::optional<bool> not_excluded = FieldReader(*reasoning).Bool("exclude");
    if (not_excluded) not_excluded = !*not_excluded;
    shown = OneOf(shown, "include_reasoning", not_excluded, "reasoning.exclude");
  }
  if (reader.String("reasoning_format") == "hidden") {
    shown = OneOf(shown, "include_reasoning", std::optional<bool>(false), "reasoning_format");
  }
  return shown.value_or(true);
}

}  // namespace candor
