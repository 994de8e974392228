// A text or its tokens, or a list of either: the prompts of completions and the inputs of embeddings.
#ifndef CANDOR_API_TEXT_INPUTS_H_
#define CANDOR_API_TEXT_INPUTS_H_

#include <variant>
#include <vector>

#include "api/json_value.h"
#include "ipc/messages.h"

namespace candor {

// `value` fits the shape of `prompt` and `input`.
std::vector<std::variant<RawText, RawTokens>> ReadTextInputs(const JsonValue& value);

}  // namespace candor

#endif  // CANDOR_API_TEXT_INPUTS_H_
