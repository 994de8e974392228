// The functions that every template finds: range, dict, namespace, cycler, joiner, raise_exception, strftime_now.
#ifndef CANDOR_CHAT_JINJA_GLOBALS_H_
#define CANDOR_CHAT_JINJA_GLOBALS_H_

#include <functional>
#include <string>
#include <string_view>

#include "chat/jinja/object.h"
#include "chat/jinja/runtime.h"

namespace candor::jinja {

// The function of that name, or Value::Missing().
Value Global(std::string_view name);

// `body` as a value; `depth` is that of the values it keeps.
Value NewCallable(uint32_t depth, std::function<Value(Runtime&, const Arguments&)> body);

// strftime(format) in English of `seconds` since 1970, both of one and the same clock.
std::string FormatTime(int64_t seconds, const std::string& format);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_GLOBALS_H_
