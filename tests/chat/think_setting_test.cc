#include "chat/think_setting.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

TEST(ParseThinkSetting, TakesWordsAndBudgets) {
  EXPECT_EQ(ParseThinkSetting("on")->mode, ThinkMode::kOn);
  EXPECT_EQ(ParseThinkSetting("on")->budget, std::nullopt);
  EXPECT_EQ(ParseThinkSetting("off")->mode, ThinkMode::kOff);
  EXPECT_EQ(ParseThinkSetting("auto")->mode, ThinkMode::kModel);
  EXPECT_EQ(ParseThinkSetting("0")->mode, ThinkMode::kOn);
  EXPECT_EQ(ParseThinkSetting("0")->budget, 0u);
  EXPECT_EQ(ParseThinkSetting("4294967295")->budget, 4294967295u);
}

TEST(ParseThinkSetting, TakesEfforts) {
  EXPECT_EQ(ParseThinkSetting("low")->effort, Effort::kLow);
  EXPECT_EQ(ParseThinkSetting("medium")->effort, Effort::kMedium);
  EXPECT_EQ(ParseThinkSetting("high")->effort, Effort::kHigh);
  EXPECT_EQ(ParseThinkSetting("high")->mode, ThinkMode::kOn);
  EXPECT_EQ(ParseThinkSetting("high")->budget, std::nullopt);
  // As docs/reasoning.md and the help of --think have them.
  EXPECT_EQ(EffortBudget(Effort::kLow), 1024u);
  EXPECT_EQ(EffortBudget(Effort::kMedium), 4096u);
  EXPECT_EQ(EffortBudget(Effort::kHigh), 16384u);
}

TEST(ParseThinkSetting, RefusesEverythingElse) {
  for (const char* text : {"", "On", "yes", "max", "High", "-1", "1.5", "4294967296", "10 ", " 10"}) {
    EXPECT_FALSE(ParseThinkSetting(text)) << text;
  }
}

TEST(ThinkSettingText, IsWhatParsesToIt) {
  for (const char* text : {"on", "off", "auto", "low", "medium", "high", "17"})
    EXPECT_EQ(ThinkSettingText(*ParseThinkSetting(text)), text);
}

}  // namespace
}  // namespace candor
