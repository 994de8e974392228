// Python's str() and repr() of values.
#ifndef CANDOR_CHAT_JINJA_REPR_H_
#define CANDOR_CHAT_JINJA_REPR_H_

#include <string>
#include <string_view>

#include "chat/jinja/runtime.h"
#include "chat/jinja/text_builder.h"

namespace candor::jinja {

// Appends str(value), as {{ value }} prints it. Fails for a value whose text is an address in Python.
void AppendStr(Runtime& runtime, TextBuilder& out, const Value& value);
void AppendRepr(Runtime& runtime, TextBuilder& out, const Value& value);
// str(value) as a string value; a string (Markup too) is returned as it is.
Value ToString(Runtime& runtime, const Value& value);

// repr of a float and of a string alone.
std::string FloatRepr(double value);
std::string StringRepr(std::string_view utf8);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_REPR_H_
