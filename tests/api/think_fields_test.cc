#include "api/think_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/chat_request.h"
#include "api/request_verdict.h"

namespace candor {
namespace {

ChatRequest With(const std::string& more) {
  return ParseChatRequest(R"({"model":"m","messages":[{"role":"user","content":"Hi"}],)" + more + "}");
}

// "auto", "off", "on", and behind it the effort and the budget that there are.
std::string Setting(const std::string& more) {
  const ThinkSetting think = std::get<Conversation>(With(more).job.input).think;
  std::string text = think.mode == ThinkMode::kModel ? "auto" : think.mode == ThinkMode::kOff ? "off" : "on";
  if (think.effort) text += std::string(" ") + EffortName(*think.effort);
  if (think.budget) text += " " + std::to_string(*think.budget);
  return text;
}

TEST(ThinkFields, EverySpellingIsOneSetting) {
  for (const auto& [more, expected] : std::vector<std::pair<const char*, const char*>>{
           {R"("seed":1)", "auto"},
           {R"("reasoning_effort":"none")", "off"},
           {R"("reasoning_effort":"minimal")", "on 256"},
           {R"("reasoning_effort":"low")", "on low"},
           {R"("reasoning_effort":"medium")", "on medium"},
           {R"("reasoning_effort":"high")", "on high"},
           {R"("reasoning_effort":"xhigh")", "on"},
           {R"("reasoning_effort":"max")", "on"},
           {R"("reasoning_effort":null)", "auto"},
           {R"("reasoning":{"effort":"high"})", "on high"},
           {R"("reasoning":{"max_tokens":7})", "on 7"},
           {R"("reasoning":{"enabled":true})", "on"},
           {R"("reasoning":{"enabled":false})", "off"},
           {R"("reasoning":{})", "auto"},
           {R"("thinking":{"type":"enabled"})", "on"},
           {R"("thinking":{"type":"enabled","budget_tokens":1000})", "on 1000"},
           {R"("thinking":{"type":"disabled"})", "off"},
           {R"("thinking":{"type":"adaptive"})", "auto"},
           {R"("thinking":true)", "on"},
           {R"("thinking":false)", "off"},
           {R"("think":true)", "on"},
           {R"("think":false)", "off"},
           {R"("think":"low")", "on low"},
           {R"("enable_thinking":false)", "off"},
           {R"("enable_thinking":true,"thinking_budget":5)", "on 5"},
           {R"("chat_template_kwargs":{"enable_thinking":true})", "on"},
           {R"("chat_template_kwargs":{"thinking":false})", "off"},
           {R"("chat_template_kwargs":{"reasoning_effort":"low"})", "on low"},
           {R"("chat_template_kwargs":{"reasoning_effort":"ultra"})", "auto"},
           {R"("thinking_token_budget":0)", "on 0"},
           {R"("thinking_token_budget":1)", "on 1"},
           {R"("reasoning_budget_tokens":12)", "on 12"},
           {R"("reasoning_budget":-1)", "auto"},
           {R"("reasoning_budget":0)", "on 0"},
           {R"("thinking_budget_tokens":3)", "on 3"},
           // Together.
           {R"("reasoning_effort":"high","thinking_token_budget":9)", "on high 9"},
           {R"("reasoning_effort":"minimal","thinking_token_budget":9)", "on 9"},
           {R"("reasoning_effort":"max","think":true)", "on"},
           {R"("reasoning_effort":"none","thinking_token_budget":0)", "off"},
           {R"("reasoning_effort":"low","reasoning":{"effort":"low"},"think":"low")", "on low"},
       }) {
    EXPECT_EQ(Setting(more), expected) << more;
  }
}

TEST(ThinkFields, ContradictionsNameBothFields) {
  for (const auto& [more, first, second] : std::vector<std::array<const char*, 3>>{
           {R"("think":true,"enable_thinking":false)", "think", "enable_thinking"},
           {R"("reasoning_effort":"none","reasoning":{"enabled":true})", "reasoning_effort", "reasoning.enabled"},
           {R"("reasoning_effort":"low","reasoning":{"effort":"high"})", "reasoning_effort", "reasoning.effort"},
           {R"("thinking":{"type":"disabled","budget_tokens":5})", "thinking.type", "thinking.budget_tokens"},
           {R"("thinking_token_budget":5,"reasoning_budget":6)", "thinking_token_budget", "reasoning_budget"},
           {R"("think":false,"chat_template_kwargs":{"thinking":true})", "think", "chat_template_kwargs.thinking"},
           {R"("include_reasoning":true,"reasoning":{"exclude":true})", "include_reasoning", "reasoning.exclude"},
       }) {
    try {
      With(more);
      ADD_FAILURE() << more;
    } catch (const RequestError& error) {
      EXPECT_EQ(error.error().code, "contradicting_parameters");
      EXPECT_EQ(error.error().param, second);
      EXPECT_THAT(error.what(), testing::StartsWith(std::string(first) + " and " + second));
    }
  }
}

TEST(ThinkFields, RefusesWordsAndNumbersOutsideTheTable) {
  for (const auto& [more, verdict] : std::vector<std::pair<const char*, const char*>>{
           {R"("reasoning_effort":"ultra")", "invalid_value reasoning_effort"},
           {R"("thinking_token_budget":-1)", "invalid_value thinking_token_budget"},
           {R"("thinking_token_budget":1.5)", "invalid_type thinking_token_budget"},
           {R"("thinking":{"budget_tokens":5})", "missing_required_parameter thinking.type"},
           {R"("thinking":"on")", "invalid_type thinking"},
           {R"("think":"sometimes")", "invalid_value think"},
           {R"("reasoning_format":"none")", "invalid_value reasoning_format"},
       }) {
    EXPECT_EQ(VerdictOf([&] { With(more); }), verdict) << more;
  }
}

TEST(ThinkFields, ReasoningCanBeLeftOutOfTheResponse) {
  EXPECT_TRUE(With(R"("seed":1)").options.reasoning);
  for (const char* more :
       {R"("include_reasoning":false)", R"("reasoning":{"exclude":true})", R"("reasoning_format":"hidden")",
        R"("include_reasoning":false,"reasoning":{"exclude":true})"}) {
    EXPECT_FALSE(With(more).options.reasoning) << more;
  }
}

}  // namespace
}  // namespace candor
