// How much a model should reason before it answers, as a person says it.
#ifndef CANDOR_CHAT_THINK_SETTING_H_
#define CANDOR_CHAT_THINK_SETTING_H_

#include <cstdint>
#include <optional>
#include <string>

namespace candor {

enum class ThinkMode : uint8_t {
  kModel,  // what the model does by itself
  kOn,
  kOff,
};

enum class Effort : uint8_t { kLow, kMedium, kHigh };

struct ThinkSetting {
  ThinkMode mode = ThinkMode::kModel;
  std::optional<uint32_t> budget = {};  // tokens of reasoning at most; with kOn
  std::optional<Effort> effort = {};    // with kOn; beside a budget it is only told to the template
};

// "on", "off", "auto", "low", "medium", "high" or a number of tokens; empty for anything else.
std::optional<ThinkSetting> ParseThinkSetting(const std::string& text);
// The same word or number.
std::string ThinkSettingText(const ThinkSetting& setting);
// All that ParseThinkSetting knows, for messages.
inline constexpr const char* kThinkWords = "on, off, auto, low, medium, high, or a number of tokens";

// The word by which templates know an effort.
const char* EffortName(Effort effort);
// The most tokens of reasoning that an effort is worth where the model's template does not know it: 1,024, 4,096 or
// 16,384.
uint32_t EffortBudget(Effort effort);

}  // namespace candor

#endif  // CANDOR_CHAT_THINK_SETTING_H_
