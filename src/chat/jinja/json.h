// JSON text to values and back, as Python's json module reads and writes it.
#ifndef CANDOR_CHAT_JINJA_JSON_H_
#define CANDOR_CHAT_JINJA_JSON_H_

#include <optional>
#include <string>
#include <string_view>

#include "chat/jinja/runtime.h"
#include "chat/jinja/text_builder.h"

namespace candor::jinja {

inline constexpr size_t kMaxJsonDepth = 64;

// Numbers are read exactly: integers of any size, floats to the nearest double. Keys keep their order; of equal keys
// the last value counts. `source` is what messages call the text. FormatError with the offset when it is not JSON (the
// strict grammar, valid UTF-8) or nests deeper than kMaxJsonDepth.
Value ParseJson(std::string_view text, const std::string& source);

struct JsonStyle {
  bool ascii = false;                 // escape everything beyond ASCII
  std::optional<std::string> indent;  // what one level is indented by; with it every element has a line
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
};

// json.dumps(value). Fails for what is not JSON, with Python's message.
void AppendJson(Runtime& runtime, TextBuilder& out, const Value& value, const JsonStyle& style);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_JSON_H_
