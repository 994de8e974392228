// Python's int(x) and float(x).
#ifndef CANDOR_CHAT_JINJA_NUMBERS_H_
#define CANDOR_CHAT_JINJA_NUMBERS_H_

#include <optional>
#include <string_view>

#include "chat/jinja/value.h"

namespace candor::jinja {

// int(text, base), with base 0 or 2 to 36; nullopt where Python raises ValueError.
std::optional<Value> ParseInt(std::string_view text, int64_t base);
// float(text); nullopt where Python raises ValueError.
std::optional<double> ParseFloat(std::string_view text);
// The integer that `value`, which is finite, is cut to.
Value Truncated(double value);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_NUMBERS_H_
