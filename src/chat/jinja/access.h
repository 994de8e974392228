// x.name and x[key], by the rules of Jinja2's immutable sandbox.
//
// An attribute is a method of the tables below or a field of one of our objects; for a dict the methods come first
// (`message.items` is the method even where the message has that key), then the keys. Methods that would change a
// value, and names with a leading underscore that Python knows, give an undefined value that says so when it is used.
#ifndef CANDOR_CHAT_JINJA_ACCESS_H_
#define CANDOR_CHAT_JINJA_ACCESS_H_

#include <span>
#include <string_view>

#include "chat/jinja/object.h"
#include "chat/jinja/runtime.h"

namespace candor::jinja {

Value GetAttribute(Runtime& runtime, const Value& value, std::string_view name);
Value GetItem(Runtime& runtime, const Value& value, const Value& key);
// The attr filter: an attribute, never a key.
Value GetAttributeOnly(Runtime& runtime, const Value& value, std::string_view name);

// The code point at `index`, counted from the end if negative; false when there is none.
bool CharacterAt(const Text& text, int64_t index, Value& character);

struct MethodEntry {
  std::string_view name;
  Method method;  // null: Python has it, we do not
};
// Sorted by name.
std::span<const MethodEntry> StringMethods();
std::span<const MethodEntry> StringPredicates();  // the is...() methods

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_ACCESS_H_
