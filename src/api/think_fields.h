// Every way in which clients say how much to reason, as one ThinkSetting.
#ifndef CANDOR_API_THINK_FIELDS_H_
#define CANDOR_API_THINK_FIELDS_H_

#include "api/json_value.h"
#include "chat/think_setting.h"

namespace candor {

// `body` fits kChatRequest. An effort means
//   none              off
//   minimal           on, at most kMinimalBudget tokens
//   low medium high   on, with that effort: told to a template that knows the word, otherwise its EffortBudget()
//   xhigh max         on, without a limit
// and a budget of its own takes the place of the effort's. A budget alone means on; of 0, that a thought is closed at
// once. Nothing said leaves it to the model. Throws RequestError naming both for two fields that contradict each other.
// Takes what it reads of `variables`, an object, out of it.
ThinkSetting ReadThinkFields(const JsonValue& body, JsonValue& variables);

inline constexpr uint32_t kMinimalBudget = 256;

// Whether the reasoning is reported.
bool ReadShowsReasoning(const JsonValue& body);

}  // namespace candor

#endif  // CANDOR_API_THINK_FIELDS_H_
