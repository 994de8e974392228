// How much a model should reason before it answers, as a person says it.
#ifndef CANDOR_ENGINE_THINK_SETTING_H_
#define CANDOR_ENGINE_THINK_SETTING_H_

#include <cstdint>
#include <optional>
#include <string>

namespace candor {

enum class ThinkMode : uint8_t {
  kModel,  // what the model does by itself
  kOn,
  kOff,
};

struct ThinkSetting {
  ThinkMode mode = ThinkMode::kModel;
  std::optional<uint32_t> budget;  // tokens of reasoning at most; with kOn
};

// "on", "off", "auto" or a number of tokens; empty for anything else.
std::optional<ThinkSetting> ParseThinkSetting(const std::string& text);
// The same word or number.
std::string ThinkSettingText(const ThinkSetting& setting);

}  // namespace candor

#endif  // CANDOR_ENGINE_THINK_SETTING_H_
