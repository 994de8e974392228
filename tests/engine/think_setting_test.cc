#include "engine/think_setting.h"

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

TEST(ParseThinkSetting, RefusesEverythingElse) {
  for (const char* text : {"", "On", "yes", "-1", "1.5", "4294967296", "10 ", " 10"}) {
    EXPECT_FALSE(ParseThinkSetting(text)) << text;
  }
}

TEST(ThinkSettingText, IsWhatParsesToIt) {
  for (const char* text : {"on", "off", "auto", "17"}) EXPECT_EQ(ThinkSettingText(*ParseThinkSetting(text)), text);
}

}  // namespace
}  // namespace candor
