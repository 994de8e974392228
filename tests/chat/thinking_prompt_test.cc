#include "chat/thinking_prompt.h"

#include <gtest/gtest.h>

#include "chat/message.h"
#include "chat/render.h"

namespace candor {
namespace {

ThinkingPrompt Rendered(std::string_view text, const char* setting, std::vector<Message> messages = {}) {
  if (messages.empty()) messages = {{.role = "user", .content = "Hi"}};
  return RenderThinking(ChatPrompt(text, "test", {}), TemplateMessages(messages), {}, *ParseThinkSetting(setting),
                        kNow);
}

TEST(RenderThinking, TellsTheTemplateByAVariable) {
  const char* text = "{{ enable_thinking | default('unsaid') }}";
  EXPECT_EQ(Rendered(text, "auto").text, "unsaid");
  EXPECT_EQ(Rendered(text, "on").text, "True");
  EXPECT_EQ(Rendered(text, "off").text, "False");
  EXPECT_EQ(Rendered(text, "12").text, "True");
  EXPECT_EQ(Rendered(text, "12").budget, 12u);
  EXPECT_EQ(Rendered(text, "on").budget, std::nullopt);
}

// A template that looks for a word in what the messages say.
constexpr const char* kWords =
    "{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}"
    "{{ '<off>' if messages[0].role == 'system' and '/no_think' in (messages[0].content or '') }}";

TEST(RenderThinking, TellsATemplateThatKnowsNoVariableByAWord) {
  EXPECT_EQ(Rendered(kWords, "auto").text, "user:Hi;");
  EXPECT_EQ(Rendered(kWords, "off").text, "system:/no_think;user:Hi;<off>");
  EXPECT_EQ(Rendered(kWords, "on").text, "system:/think;user:Hi;");
  const std::vector<Message> with_system = {{.role = "system", .content = "Be brief."},
                                            {.role = "user", .content = "Hi"}};
  EXPECT_EQ(Rendered(kWords, "off", with_system).text, "system:Be brief.\n/no_think;user:Hi;<off>");
  EXPECT_EQ(Rendered(kWords, "off", {{.role = "system", .content = std::nullopt}}).text, "system:/no_think;<off>");
}

TEST(RenderThinking, LeavesMessagesAloneWhereTheVariableCounts) {
  const std::string text = std::string(kWords) + "{{ enable_thinking }}";
  EXPECT_EQ(Rendered(text, "off").text, "user:Hi;False");
  EXPECT_EQ(Rendered("{{ messages | length }}", "off").text, "1");
}

TEST(RenderThinking, TellsAnEffortToATemplateThatKnowsIt) {
  const char* prints = "{{ reasoning_effort | default('medium') }}";
  for (const char* effort : {"low", "medium", "high"}) {
    EXPECT_EQ(Rendered(prints, effort).text, effort);
    EXPECT_EQ(Rendered(prints, effort).budget, std::nullopt);
  }
  EXPECT_EQ(Rendered(prints, "100").text, "medium");
  // One that knows some only, and one that refuses the others.
  const char* some = "x{{ '!' if thinking_effort == 'high' }}";
  EXPECT_EQ(Rendered(some, "high").text, "x!");
  EXPECT_EQ(Rendered(some, "high").budget, std::nullopt);
  EXPECT_EQ(Rendered(some, "low").text, "x");
  EXPECT_EQ(Rendered(some, "low").budget, 1024u);
  const char* strict =
      "{% if thinking_effort is defined and thinking_effort not in ['low', 'high'] %}{{ raise_exception('no') }}"
      "{% endif %}x{{ thinking_effort }}";
  EXPECT_EQ(Rendered(strict, "low").text, "xlow");
  EXPECT_EQ(Rendered(strict, "low").budget, std::nullopt);
  EXPECT_EQ(Rendered(strict, "medium").text, "x");
  EXPECT_EQ(Rendered(strict, "medium").budget, 4096u);
}

TEST(RenderThinking, ABudgetBesideAnEffortTakesThePlaceOfItsNumberAndTheWordIsTold) {
  const auto rendered = [](const char* text) {
    const ThinkSetting both{.mode = ThinkMode::kOn, .budget = 7, .effort = Effort::kHigh};
    return RenderThinking(ChatPrompt(text, "test", {}), TemplateMessages({{.role = "user", .content = "Hi"}}), {}, both,
                          kNow);
  };
  EXPECT_EQ(rendered("{{ reasoning_effort | default('medium') }}").text, "high");
  EXPECT_EQ(rendered("{{ reasoning_effort | default('medium') }}").budget, 7u);
  EXPECT_EQ(rendered("x").budget, 7u);
}

TEST(RenderThinking, AnEffortThatNoTemplateKnowsIsABudget) {
  EXPECT_EQ(Rendered("x{{ enable_thinking }}", "low").budget, 1024u);
  EXPECT_EQ(Rendered("x{{ enable_thinking }}", "medium").budget, 4096u);
  EXPECT_EQ(Rendered("x{{ enable_thinking }}", "high").budget, 16384u);
  EXPECT_EQ(Rendered("x{{ enable_thinking }}", "high").text, "xTrue");
}

TEST(RenderThinking, WhatTheTemplateRefusesIsRefused) {
  EXPECT_THROW(Rendered("{{ raise_exception('no') }}", "on"), TemplateRaised);
  EXPECT_THROW(Rendered("{% if enable_thinking %}{{ raise_exception('no') }}{% endif %}x /no_think", "on"),
               TemplateRaised);
  EXPECT_EQ(Rendered("{% if enable_thinking %}{{ raise_exception('no') }}{% endif %}x /no_think", "off").text,
            "x /no_think");
}

}  // namespace
}  // namespace candor
