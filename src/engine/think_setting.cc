#include "engine/think_setting.h"

#include <charconv>

namespace candor {

std::optional<ThinkSetting> ParseThinkSetting(const std::string& text) {
  if (text == "auto") return ThinkSetting{};
  if (text == "on") return ThinkSetting{ThinkMode::kOn, std::nullopt};
  if (text == "off") return ThinkSetting{ThinkMode::kOff, std::nullopt};
  uint32_t budget = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), budget);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return ThinkSetting{ThinkMode::kOn, budget};
}

std::string ThinkSettingText(const ThinkSetting& setting) {
  if (setting.budget) return std::to_string(*setting.budget);
  return setting.mode == ThinkMode::kOn ? "on" : setting.mode == ThinkMode::kOff ? "off" : "auto";
}

}  // namespace candor
