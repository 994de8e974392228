#include "chat/think_setting.h"

#include <charconv>

namespace candor {

std::optional<ThinkSetting> ParseThinkSetting(const std::string& text) {
  if (text == "auto") return ThinkSetting{};
  if (text == "on") return ThinkSetting{.mode = ThinkMode::kOn};
  if (text == "off") return ThinkSetting{.mode = ThinkMode::kOff};
  for (const Effort effort : {Effort::kLow, Effort::kMedium, Effort::kHigh}) {
    if (text == EffortName(effort)) return ThinkSetting{.mode = ThinkMode::kOn, .effort = effort};
  }
  uint32_t budget = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), budget);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return ThinkSetting{.mode = ThinkMode::kOn, .budget = budget};
}

std::string ThinkSettingText(const ThinkSetting& setting) {
  if (setting.budget) return std::to_string(*setting.budget);
  if (setting.effort) return EffortName(*setting.effort);
  return setting.mode == ThinkMode::kOn ? "on" : setting.mode == ThinkMode::kOff ? "off" : "auto";
}

const char* EffortName(Effort effort) {
  switch (effort) {
    case Effort::kLow:
      return "low";
    case Effort::kMedium:
      return "medium";
    case Effort::kHigh:
      return "high";
  }
  return "";
}

uint32_t EffortBudget(Effort effort) {
  switch (effort) {
    case Effort::kLow:
      return 1024;
    case Effort::kMedium:
      return 4096;
    case Effort::kHigh:
      return 16384;
  }
  return 0;
}

}  // namespace candor
