#include "api/text_inputs.h"

#include "api/field_reader.h"

namespace candor {

std::vector<std::variant<RawText, RawTokens>> ReadTextInputs(const JsonValue& value) {
  std::vector<std::variant<RawText, RawTokens>> inputs;
  if (const std::string* text = value.string()) {
    inputs.emplace_back(RawText(*text));
    return inputs;
  }
  const JsonArray& list = *value.array();
  if (list.front().number()) {
    inputs.emplace_back(TokensOf(list));
    return inputs;
  }
  for (const JsonValue& item : list) {
    if (const std::string* text = item.string()) {
      inputs.emplace_back(RawText(*text));
    } else {
      inputs.emplace_back(TokensOf(*item.array()));
    }
  }
  return inputs;
}

}  // namespace candor
